import vm from 'node:vm';
import { FunctionRefusal } from '../../engine/failure.ts';
import { ModuleGraph } from '../../engine/modules.ts';
import type { CompiledModules } from '../../engine/modules.ts';
import { createSandbox } from '../../engine/sandbox.ts';
import { memoryBounds, outOfMemory } from '../memory.ts';
import type { MemoryBounds } from '../memory.ts';
import type { RunningAction } from './action.ts';
import { actionHost } from './host.ts';
import { refuseHugeFills } from './hugeArrays.ts';
import type { ComponentCode, ThreadStart } from './protocol.ts';
import type { ActionRuntime, Entered } from './runtime.ts';
import { Timers } from './timers.ts';

/** Convex's default runtime: every action gets globals and modules of its own. */
export class DefaultRuntime implements ActionRuntime {
	readonly #start: ThreadStart;
	readonly #bounds: MemoryBounds;
	readonly #components: ReadonlyMap<string, ComponentCode>;
	readonly #compiled: ReadonlyMap<string, CompiledModules>;

	constructor(start: ThreadStart) {
		this.#start = start;
		this.#bounds = memoryBounds('isolate', start.limits);
		this.#components = new Map(start.components.map((code) => [code.path, code]));
		this.#compiled = new Map(start.components.map(({ path }) => [path, new Map()]));
	}

	enter(action: RunningAction, component: string): Entered {
		const code = this.#components.get(component);
		if (code === undefined) throw new FunctionRefusal(`Component path '${component}' not found`);
		const timers = new Timers();
		const sandbox = createSandbox(
			actionHost(() => action, this.#start, code.environment),
			{
				fetch: (input, init) => action.awaited('fetch', fetch(input, init)),
				setTimeout: timers.setTimeout,
				setInterval: timers.setInterval,
				clearTimeout: timers.clear,
				clearInterval: timers.clear
			}
		);
		refuseHugeFills(arrayPrototypeOf(sandbox), () => action.refuse(outOfMemory(this.#bounds)));
		const graph = new ModuleGraph(code.modules, sandbox, this.#compiled.get(component));
		return {
			load: (module) => graph.load(module),
			leave: () => {
				timers.clearAll();
				return true;
			}
		};
	}
}

function arrayPrototypeOf(sandbox: vm.Context): object {
	const prototype: unknown = vm.runInContext('Array.prototype', sandbox);
	if (typeof prototype !== 'object' || prototype === null) throw new TypeError('The sandbox has no arrays.');
	return prototype;
}
