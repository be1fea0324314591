import type { Call } from './call.ts';
import { FunctionRefusal } from './failure.ts';
import type { Limits } from './limits.ts';
import type { UserClock } from './userClock.ts';

/** How often it is seen that a function waits (milliseconds). */
const TURN = 20;

/**
 * The value of a promise of user code. Refused when nothing is left that could settle it; rejected when `call.fail` is
 * called first. A rejection that nobody handles is told of when no microtask is left, so the value waits for that.
 */
export function settled(promise: unknown, call: Call, clock: UserClock, limits: Limits): Promise<unknown> {
	return new Promise((resolve, reject) => {
		let timer: NodeJS.Timeout | undefined;
		// What a query or mutation awaits is mostly ready in the same turn: only those that are not get a timer.
		const turn = setImmediate(() => {
			const deadline = performance.now() + limits.idleFunction;
			timer = setInterval(() => {
				clock.turn();
				if (performance.now() >= deadline) fail(new FunctionRefusal('Returned promise will never resolve'));
			}, TURN);
		});
		const clear = (): void => {
			clearImmediate(turn);
			clearInterval(timer);
		};
		const fail = (error: unknown): void => {
			clear();
			reject(error);
		};
		call.fail = fail;
		Promise.resolve(promise).then((value) => {
			clear();
			setImmediate(resolve, value);
		}, fail);
	});
}
