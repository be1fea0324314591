/**
 * Exports, one at a time. A restart forgets them and their files.
 *
 *     requested ──▶ in_progress ──▶ completed
 *                        └────────▶ failed
 */
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import { filesDirectory } from '../files/disk.ts';
import { writeArchive } from './archive.ts';

const POLL_MS = 20;
const LIFETIME_NS = 14n * 24n * 3600n * 1_000_000_000n;

export type ExportState =
	| { readonly state: 'requested' | 'in_progress' }
	| { readonly state: 'failed'; readonly reason: string }
	| {
			readonly state: 'completed';
			/** Nanoseconds: of the snapshot, and of the end. */
			readonly startTs: bigint;
			readonly completeTs: bigint;
			readonly expirationTs: bigint;
			readonly path: string;
			readonly includeStorage: boolean;
	  };

export class Exports {
	readonly #engine: Pick<Engine, 'startCopy' | 'copyState' | 'releaseCopy'>;
	readonly #dataDir: string;
	readonly #directory: string;
	readonly #changed: () => void;
	readonly #report: (sentence: string) => void;
	#latest: ExportState | null = null;

	/** `changed` is called after every change of state. */
	constructor(engine: Engine, dataDir: string, changed: () => void, report: (sentence: string) => void) {
		this.#engine = engine;
		this.#dataDir = dataDir;
		this.#directory = join(dataDir, 'exports');
		this.#changed = changed;
		this.#report = report;
		rmSync(this.#directory, { recursive: true, force: true });
	}

	get latest(): ExportState | null {
		return this.#latest;
	}

	/** Begins an export. False while another one is under way. */
	request(includeStorage: boolean): boolean {
		if (this.#latest?.state === 'requested' || this.#latest?.state === 'in_progress') return false;
		const before = this.#latest;
		this.#set({ state: 'requested' });
		void this.#run(includeStorage, before?.state === 'completed' ? before.path : null);
		return true;
	}

	/** The archive of the snapshot at this timestamp, or null. */
	pathAt(startTs: bigint): string | null {
		return this.#latest?.state === 'completed' && this.#latest.startTs === startTs ? this.#latest.path : null;
	}

	async #run(includeStorage: boolean, old: string | null): Promise<void> {
		const id = String(Date.now());
		const copy = join(this.#directory, `${id}.sqlite`);
		const path = join(this.#directory, `${id}.zip`);
		try {
			if (old !== null) await rm(old, { force: true });
			mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
			this.#set({ state: 'in_progress' });
			await this.#engine.startCopy(copy);
			try {
				await this.#copied();
				const files = includeStorage ? filesDirectory(this.#dataDir) : null;
				const startTs = await writeArchive({ data: copy, files, destination: path });
				const completeTs = BigInt(Date.now()) * 1_000_000n;
				const expirationTs = completeTs + LIFETIME_NS;
				this.#set({ state: 'completed', startTs, completeTs, expirationTs, path, includeStorage });
			} finally {
				await this.#engine.releaseCopy();
			}
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.#report(`The export failed: ${reason}`);
			await rm(path, { force: true });
			this.#set({ state: 'failed', reason });
		} finally {
			for (const suffix of ['', '-wal', '-shm']) await rm(copy + suffix, { force: true });
		}
	}

	async #copied(): Promise<void> {
		for (;;) {
			const state = await this.#engine.copyState();
			if (state === 'done') return;
			if (state !== 'running') throw new Error(state);
			await setTimeout(POLL_MS);
		}
	}

	#set(state: ExportState): void {
		this.#latest = state;
		this.#changed();
	}
}
