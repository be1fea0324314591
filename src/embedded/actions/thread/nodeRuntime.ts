import type { AsyncLocalStorage } from 'node:async_hooks';
import { memoryBounds, outOfMemory } from '../memory.ts';
import { NodeModules } from '../nodeModules.ts';
import type { RunningAction } from './action.ts';
import { actionHost } from './host.ts';
import { refuseHugeFills } from './hugeArrays.ts';
import type { ThreadStart } from './protocol.ts';
import type { ActionRuntime, Entered } from './runtime.ts';

/** The Node runtime: modules are evaluated once a thread, so that what they keep in variables outlives an action. */
export class NodeRuntime implements ActionRuntime {
	readonly #modules: NodeModules;

	/** `running` says which action some code belongs to, across every await. */
	constructor(start: ThreadStart, running: AsyncLocalStorage<RunningAction>) {
		this.#modules = new NodeModules(start.directory, start.appDir);
		const current = (): RunningAction => {
			const action = running.getStore();
			if (action === undefined) throw new Error("Can't use the deployment at import time");
			return action;
		};
		const { syscall, asyncSyscall, jsSyscall } = actionHost(current, start, new Map());
		Object.defineProperty(globalThis, 'Convex', {
			value: { syscall, asyncSyscall: async (op: string, args: string) => asyncSyscall(op, args), jsSyscall }
		});
		const terminal = { ...console };
		for (const level of ['debug', 'error', 'info', 'log', 'warn'] as const) {
			console[level] = (...args: unknown[]) => {
				const action = running.getStore();
				if (action === undefined) terminal[level](...args);
				else action.log(level.toUpperCase(), args);
			};
		}
		refuseHugeFills(Array.prototype, () => current().refuse(outOfMemory(memoryBounds('node', start.limits))));
		endThreadOnly();
	}

	enter(): Entered {
		let before = 0;
		return {
			load: async (module) => {
				const namespace = await this.#modules.load(module);
				// What modules start for themselves is none of the action's.
				before = process.getActiveResourcesInfo().length;
				return namespace;
			},
			leave: () => process.getActiveResourcesInfo().length <= before
		};
	}
}

/** What would end the process, and with it the actions on its other threads, ends this thread. */
function endThreadOnly(): void {
	const { kill } = process;
	process.kill = (pid, signal) => (pid === process.pid && signal !== 0 ? process.exit(1) : kill(pid, signal));
	process.abort = () => process.exit(1);
}
