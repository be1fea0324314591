/** What a program of the model runs with. */
import type { Value } from 'convex/values';
import { Refused, Thrown } from './failure.ts';
import type { ObjectValue } from './order.ts';
import { mapTexts } from './state.ts';

export type Kind = 'query' | 'mutation';

export interface Context {
	readonly kind: Kind;
	readonly identity: Value;
	readonly ids: string[];
	readonly times: ReadonlyMap<string, number>;
}

/** The id that a text stands for. */
export function idOf({ ids }: Context, token: string): string {
	return ids[Number(token.slice(1))] ?? token;
}

/** Fields with ids in the place of the texts that stand for them. */
export function resolve(context: Context, value: Readonly<Record<string, Value>>): ObjectValue {
	return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, resolved(context, field)]));
}

export function resolved({ ids }: Context, value: Value): Value {
	return mapTexts(value, (text) => (/^#\d+$/.test(text) ? (ids[Number(text.slice(1))] ?? text) : text));
}

/** As `attempt` of a program says it. */
export function attempt(perform: () => Value): Value {
	try {
		return { value: perform() };
	} catch (error) {
		if (error instanceof Thrown) return { data: error.data };
		if (error instanceof Refused) return { error: error.reason };
		throw error;
	}
}
