import { FunctionRefusal } from './failure.ts';
import type { Limits } from './limits.ts';
import type { UserClock } from './userClock.ts';

/** How often it is seen that a function waits (milliseconds). */
const TURN = 20;

/** The value of a promise of user code; refused when nothing is left that could settle it. */
export function settled(promise: unknown, clock: UserClock, limits: Limits): Promise<unknown> {
	return new Promise((resolve, reject) => {
		let timer: NodeJS.Timeout | undefined;
		// What a query or mutation awaits is mostly ready in the same turn: only those that are not get a timer.
		const turn = setImmediate(() => {
			const deadline = performance.now() + limits.idleFunction;
			timer = setInterval(() => {
				clock.turn();
				if (performance.now() >= deadline) reject(new FunctionRefusal('Returned promise will never resolve'));
			}, TURN);
		});
		const clear = (): void => {
			clearImmediate(turn);
			clearInterval(timer);
		};
		Promise.resolve(promise).then(
			(value) => {
				clear();
				resolve(value);
			},
			(error: unknown) => {
				clear();
				reject(error);
			}
		);
	});
}
