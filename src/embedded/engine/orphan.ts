import { Worker } from 'node:worker_threads';

const INTERVAL = 1_000;

/**
 * Ends this process when its parent has gone, even while user code holds the main thread: an engine that nobody can
 * reach would keep the store locked.
 */
export function endWithParent(): void {
	process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
	const watcher = new Worker(
		`const { parent, interval } = require('node:worker_threads').workerData;
		setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, interval);`,
		{
			eval: true,
			workerData: { parent: process.ppid, interval: INTERVAL },
			execArgv: [],
			env: {},
			resourceLimits: { maxOldGenerationSizeMb: 8 }
		}
	);
	watcher.unref();
}
