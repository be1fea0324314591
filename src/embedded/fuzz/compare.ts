/** What the engine and the model say, so that it can be compared. */
import { isDeepStrictEqual } from 'node:util';
import { convexToJson } from 'convex/values';
import type { JSONValue, Value } from 'convex/values';
import { Refused, Thrown, reasonOf } from './model/failure.ts';
import { isObject } from './model/order.ts';
import { defined } from './model/state.ts';
import { thrownBy } from './target.ts';

export type Side = 'real' | 'modelled';

/** The engine and the model do not say the same. */
class Difference extends Error {
	constructor(place: string, engine: unknown, model: unknown) {
		super(`${place}\nengine: ${JSON.stringify(engine)}\nmodel:  ${JSON.stringify(model)}`);
	}
}

export function same(place: string, engine: unknown, model: unknown): void {
	if (!isDeepStrictEqual(engine, model)) throw new Difference(place, engine, model);
}

/** The same on both sides: ids by place, creation times left out, the texts of errors as reasons. */
export function abstracted(value: Value, ids: readonly string[], side: Side): JSONValue {
	const places = new Map(ids.map((id, place) => [id, `#${place}`]));
	const change = (inside: Value): Value => {
		if (typeof inside === 'string') return places.get(inside) ?? (ID.test(inside) ? '?' : inside);
		if (Array.isArray(inside)) return inside.map(change);
		if (!isObject(inside)) return inside;
		const { _creationTime, error, ...rest } = defined(inside);
		const changed = Object.entries(rest).map(([name, field]): [string, Value] => [name, change(field)]);
		if (typeof error === 'string') changed.push(['error', side === 'real' ? reasonOf(error) : error]);
		return Object.fromEntries(changed);
	};
	return convexToJson(change(value));
}

/** An id that no answer has named: of a document that a scheduled function inserted, say. */
const ID = /^([0-9a-hjkmnp-tv-z]{31,32}|<\d+>)$/;

/** What it gives, or why it fails. */
export async function answerOf(run: () => Promise<JSONValue>): Promise<{ [kind: string]: JSONValue }> {
	try {
		return { answers: await run() };
	} catch (error) {
		if (error instanceof Difference) throw error;
		if (error instanceof Thrown) return { thrown: convexToJson(error.data) };
		if (error instanceof Refused) return { failed: error.reason };
		const thrown = thrownBy(error);
		if (thrown !== null) return { thrown: convexToJson(thrown.thrown) };
		return { failed: reasonOf(error instanceof Error ? error.message : String(error)) };
	}
}
