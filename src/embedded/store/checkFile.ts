import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { StoreError } from './errors.ts';
import type { StoreErrorKind } from './errors.ts';

/** What is wrong with a file; null when nothing is. */
export type CheckReport = { readonly kind: StoreErrorKind; readonly message: string } | null;

/**
 * Reads every page of a file in a thread of its own, while other things are got ready; nothing is written. Whoever opens the
 * file afterwards need not check it again. Rejects with a StoreError when it is damaged, not ours or newer. A file that is
 * not there is well.
 */
export async function checkFile(path: string): Promise<void> {
	if (!existsSync(path)) return;
	const worker = new Worker(new URL('./checkThread.ts', import.meta.url), { workerData: path });
	const [report]: CheckReport[] = await once(worker, 'message');
	if (report !== null && report !== undefined) throw new StoreError(report.kind, report.message);
}
