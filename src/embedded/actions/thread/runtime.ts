import type { Namespace } from '../../engine/modules.ts';
import type { RunningAction } from './action.ts';

/** Where one action runs. */
export interface Entered {
	/** The exports of a module. Throws what its top level throws. */
	load(module: string): Promise<Namespace>;
	/** The action has ended. False when something of it is left that could run on. */
	leave(): boolean;
}

export interface ActionRuntime {
	enter(action: RunningAction, component: string): Entered;
}
