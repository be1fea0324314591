/** Pushes that have been started and not finished. They live in memory only: an unfinished push leaves nothing. */
import { randomUUID } from 'node:crypto';
import type { Analysis, Engine, EnvironmentVariable, PreparedPush, PushBundle, PushRefusal } from '../engine/types.ts';

const MAX_PENDING = 8;

export interface PendingPush {
	readonly bundle: PushBundle;
	readonly analysis: Analysis;
	/** What the code was evaluated with. */
	readonly environment: readonly EnvironmentVariable[];
	readonly indexDiffs: PreparedPush['indexDiffs'];
}

export class Pushes {
	readonly #pending = new Map<string, PendingPush>();
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
			this.#pending.delete(oldest);
		}
		return id;
	}

	get(id: string): PendingPush | undefined {
		return this.#pending.get(id);
	}

	/** A push went through: all others were prepared against what is no longer deployed. */
	clear(): void {
		this.#pending.clear();
		this.#evaluated = null;
	}
}
