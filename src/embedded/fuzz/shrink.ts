import type { Value } from 'convex/values';
import { isObject } from './model/order.ts';
import { defined } from './model/state.ts';
import { asValue, scenarioFrom } from './program.ts';
import type { Scenario } from './program.ts';

/** Whether a smaller value still shows the failure. */
type Test = (candidate: Value) => Promise<boolean>;

/**
 * Makes a failing scenario smaller as long as it keeps failing: leaves out stretches of its lists, long ones first and
 * outer lists before inner ones. At the deadline (milliseconds since 1970) it stops where it is.
 */
export async function shrink(
	failing: Scenario,
	stillFails: (scenario: Scenario) => Promise<boolean>,
	deadline: number
): Promise<Scenario> {
	const test: Test = async (candidate) => {
		const scenario = Date.now() < deadline ? scenarioFrom(candidate) : null;
		return scenario !== null && (await stillFails(scenario));
	};
	return scenarioFrom(await reduce(asValue(failing), test)) ?? failing;
}

async function reduce(value: Value, test: Test): Promise<Value> {
	if (Array.isArray(value)) {
		let items = await reduceList(value, test);
		for (const [place, item] of items.entries())
			items = items.with(place, await reduce(item, (less) => test(items.with(place, less))));
		return items;
	}
	if (!isObject(value)) return value;
	let fields = defined(value);
	// What is attempted may fail as well by itself.
	if (fields.op === 'attempt' && fields.operation !== undefined && (await test(fields.operation)))
		return await reduce(fields.operation, test);
	for (const [name, field] of Object.entries(fields))
		fields = { ...fields, [name]: await reduce(field, (less) => test({ ...fields, [name]: less })) };
	return fields;
}

async function reduceList(list: readonly Value[], test: Test): Promise<Value[]> {
	let items = [...list];
	for (let size = items.length; size >= 1; size = size >> 1) {
		for (let from = 0; from < items.length;) {
			const less = items.toSpliced(from, size);
			if (await test(less)) items = less;
			else from += size;
		}
	}
	return items;
}
