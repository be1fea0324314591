import { setTimeout } from 'node:timers/promises';
import type { PushBundle } from '../../engine/bundle.ts';
import { startProcess } from '../../testApp.testing.ts';
import type { DeploymentProcess } from '../../testApp.testing.ts';
import { deploy } from '../deploy.ts';
import { childrenOf, isAlive, killEngineOf } from './processes.ts';

/** A deployment in a process of its own that dies when it is told to, and comes back on the same folder. Linux only. */
export class Victim {
	readonly dataDir: string;
	#process: DeploymentProcess | null = null;

	constructor(dataDir: string) {
		this.dataDir = dataDir;
	}

	get url(): string {
		return this.#running.url;
	}

	async start(): Promise<void> {
		this.#process = await startProcess(this.dataDir, 0);
	}

	async push(bundle: PushBundle): Promise<void> {
		await deploy(this.#running, bundle);
	}

	/** Kills the server. Its children are left to notice by themselves; resolves when the last has gone. */
	async kill(): Promise<void> {
		const { child, ended } = this.#running;
		const children = childrenOf(child.pid ?? 0);
		child.kill('SIGKILL');
		this.#process = null;
		await ended;
		while (children.some(isAlive)) await setTimeout(5);
	}

	/** Kills the process that holds the store, and leaves the server to it. */
	killEngine(): void {
		killEngineOf(this.#running.child.pid ?? 0);
	}

	get #running(): DeploymentProcess {
		if (this.#process === null) throw new Error('the deployment is not running');
		return this.#process;
	}
}
