/**
 * Code of pushes that have been started and not finished. It lives in memory only: `codegen` starts a push and finishes
 * none. The change of the schema, which begins when the client first waits for it, is in the store.
 */
import { randomUUID } from 'node:crypto';
import type { Analysis } from '../engine/analysis.ts';
import type { PushBundle } from '../engine/bundle.ts';
import type { Engine } from '../engine/engine.ts';
import type { IndexDiffs, PreparedPush, PushRefusal } from '../engine/pushChanges.ts';
import type { EnvironmentVariable } from '../engine/types.ts';
import type { SchemaStatus } from '../store/types.ts';

const MAX_PENDING = 8;

export interface PendingPush {
	readonly bundle: PushBundle;
	readonly analysis: Analysis;
	/** What the code was evaluated with. */
	readonly environment: readonly EnvironmentVariable[];
	readonly indexDiffs: IndexDiffs;
	/** Id of the change of the schema that it needs. */
	readonly schemaChange: string;
	readonly dryRun: boolean;
}

export class Pushes {
	readonly #pending = new Map<string, PendingPush>();
	/** Ids of those whose change of the schema has been asked for. */
	readonly #begun = new Set<string>();
	/** The functions folder as the last push named it; the CLI wants to hear it back. */
	functionsPath = 'convex/';

	/** The last evaluation: the CLI has the same code evaluated twice in a row. */
	#evaluated: { readonly question: string; readonly prepared: PreparedPush } | null = null;

	/** Evaluates a bundle with the given environment. No lasting effect. */
	async prepare(
		engine: Engine,
		bundle: PushBundle,
		environment: readonly EnvironmentVariable[],
		forCodegen: boolean
	): Promise<PreparedPush | PushRefusal> {
		const parts = [bundle, ...bundle.components].map(({ path, functions, schema, definition }) => {
			const modules = [...functions, schema, definition];
			return [path, ...modules.map((module) => module && [module.path, module.environment, module.hash])];
		});
		const question = JSON.stringify([parts, bundle.auth?.hash, environment, forCodegen]);
		if (this.#evaluated?.question === question) return this.#evaluated.prepared;
		const prepared = await engine.preparePush(bundle, forCodegen);
		if (!('code' in prepared)) this.#evaluated = { question, prepared };
		return prepared;
	}

	/** Keeps a push and returns its id. The oldest make room. */
	add(push: PendingPush): string {
		const id = randomUUID();
		this.#pending.set(id, push);
		for (const oldest of this.#pending.keys()) {
			if (this.#pending.size <= MAX_PENDING) break;
			this.#forget(oldest);
		}
		return id;
	}

	get(id: string): PendingPush | undefined {
		return this.#pending.get(id);
	}

	/**
	 * How far a change of the schema has come. It begins when this is first asked for a push, and again when it was
	 * abandoned meanwhile. Null when no push of it is known.
	 */
	async schemaStatus(engine: Engine, change: string, patience: number): Promise<SchemaStatus | null> {
		const found = [...this.#pending].findLast(([, push]) => push.schemaChange === change);
		const begin = async ([id, { analysis, dryRun }]: [string, PendingPush]): Promise<void> => {
			this.#begun.add(id);
			await engine.submitSchema(analysis, dryRun);
		};
		if (found !== undefined && !this.#begun.has(found[0])) await begin(found);
		const status = await engine.schemaStatus(change, patience);
		if (status !== null || found === undefined) return status;
		await begin(found);
		return await engine.schemaStatus(change, patience);
	}

	/** A push went through: what others would change is no longer known. */
	finished(id: string): void {
		this.#forget(id);
		this.#evaluated = null;
	}

	#forget(id: string): void {
		this.#pending.delete(id);
		this.#begun.delete(id);
	}
}
