/** A real engine that programs run on. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { convexToJson, jsonToConvex } from 'convex/values';
import type { Value } from 'convex/values';
import { z } from 'zod';
import { bundleCorpus } from '../corpus/bundle.ts';
import { CallFailed, Corpus, valueOf } from '../corpus/harness.ts';
import type { ModuleSource, PushBundle } from '../engine/bundle.ts';
import type { Identity } from '../engine/types.ts';
import { indexFaults } from '../store/integrity.ts';
import { SqliteStore } from '../store/store.ts';
import { COMPONENTS } from './program.ts';
import type { Operation, Schema, Selection } from './program.ts';

type Program = readonly Operation[];

/** Whom programs run for, and what they are told about it. */
export const CALLER = {
	subject: 'someone',
	issuer: 'https://issuer.test',
	tokenIdentifier: 'https://issuer.test|someone'
};
const IDENTITY: Identity = { kind: 'user', attributes: JSON.stringify(CALLER) };

const value = z.custom<Value>((given) => given !== undefined);
const result = z.object({ answers: z.array(value), ids: z.array(z.string()) });
const page = z.object({
	page: z.array(value),
	isDone: z.boolean(),
	continueCursor: z.string(),
	pageStatus: z.null(),
	splitCursor: z.string().nullable()
});
const logged = z.object({ logLines: z.array(z.object({ messages: z.array(z.string()) })) });
const failedData = z.object({ thrown: value, ids: z.array(z.string()) });

export type Ran = z.infer<typeof result>;

/** What a ConvexError of a program carries; null for every other failure. */
export function thrownBy(error: unknown): z.infer<typeof failedData> | null {
	return error instanceof CallFailed && error.data !== undefined ? failedData.parse(error.data) : null;
}

export interface PageOptions {
	readonly numItems: number;
	readonly cursor: string | null;
	readonly endCursor?: string;
}

/** The corpus, of which only the interpreter of programs is used. */
export async function programsBundle(): Promise<PushBundle> {
	const bundle = await bundleCorpus();
	const functions = bundle.functions.filter(({ path }) => path === 'programs.js' || /^_deps\/[^/]+$/.test(path));
	const components = [{ path: PATH, functions, schema: null, definition: COMPONENT, udfServerVersion: '1.48.0' }];
	return { ...bundle, schema: null, functions, definition: APP, components };
}

/** Where the component lies. */
const PATH = 'programs';
const APP = module(
	'convex.config.js',
	`import used from './_componentDeps/${Buffer.from(PATH).toString('base64url')}';
	const path = used.componentDefinitionPath;
	${definition(`{ type: 'app' }`, `${JSON.stringify(COMPONENTS)}.map((name) => ({ name, path, args: [], env: [] }))`)}`
);
const COMPONENT = module(
	'convex.config.js',
	definition(`{ type: 'childComponent', name: ${JSON.stringify(PATH)}, args: [] }`, '[]')
);

/** The text of a `convex.config.js`, as it is bundled. */
function definition(definitionType: string, childComponents: string): string {
	const exports = `{ type: 'branch', branch: [] }`;
	return `export default { export: () => ({ definitionType: ${definitionType}, childComponents: ${childComponents}, httpMounts: {}, exports: ${exports} }) };`;
}

export class Target {
	readonly #corpus: Corpus;

	private constructor(corpus: Corpus) {
		this.#corpus = corpus;
	}

	static async open(bundle: PushBundle): Promise<Target> {
		// On a busy machine a second is soon over.
		return new Target(await Corpus.open(bundle, { userTime: 30_000 }));
	}

	/** False when the push is refused. */
	async push(schema: Schema): Promise<boolean> {
		const { bundle } = this.#corpus;
		try {
			await this.#corpus.push({ ...bundle, schema: schema === null ? null : schemaModule(schema) });
			return true;
		} catch (error) {
			if (error instanceof Error && error.message.includes('does not match the schema')) return false;
			throw error;
		}
	}

	restart(): Promise<void> {
		return this.#corpus.restart();
	}

	async query(program: Program, ids: readonly string[], subscription?: string): Promise<Ran> {
		const call = this.#call('ask', { program, ids });
		const { results } = await this.#corpus.engine.querySet([{ ...call, journal: null, subscription }]);
		const [only] = results;
		if (only === undefined) throw new Error('the engine answered nothing');
		return result.parse(valueOf(only.outcome));
	}

	async mutation(program: Program, ids: readonly string[]): Promise<Ran> {
		const { outcome } = await this.#corpus.engine.mutation(this.#call('change', { program, ids }));
		return result.parse(valueOf(outcome));
	}

	async action(program: Program, ids: readonly string[]): Promise<Ran> {
		return result.parse(valueOf(await this.#corpus.engine.action(this.#call('act', { program, ids }))));
	}

	async page(selection: Selection, ids: readonly string[], options: PageOptions, journal: string | null) {
		const call = this.#call('page', { selection, ids, options });
		const { results } = await this.#corpus.engine.querySet([{ ...call, journal }]);
		const [only] = results;
		if (only === undefined) throw new Error('the engine answered nothing');
		return { ...page.parse(valueOf(only.outcome)), journal: only.journal };
	}

	/** Ids that programs have given since the last call, in order, also of what was rolled back; not those of jobs. */
	takeGiven(): string[] {
		const lines = this.#corpus.logs
			.splice(0)
			.filter(({ kind, caller }) => kind === 'Completion' && caller !== 'Scheduler')
			.flatMap((entry) => logged.parse(entry).logLines.map(({ messages }) => messages.join(' ')));
		return lines.flatMap((line) => /^'?gave'? '?([0-9a-z]+)'?$/.exec(line)?.[1] ?? []);
	}

	/** Names of subscriptions that commits have touched since the last call, or all when everything changed. */
	takeInvalidated(): Set<string> | 'everything' {
		const notices = this.#corpus.notices.splice(0);
		if (notices.some(({ everything }) => everything)) return 'everything';
		return new Set(notices.flatMap(({ invalidated }) => invalidated));
	}

	/** Every document of a table, the oldest first, as `convex data` reads them. */
	async table(componentPath: string, table: string): Promise<Value[]> {
		const documents: Value[] = [];
		let cursor: string | null = null;
		for (;;) {
			const request = { componentPath, table, order: 'asc', numItems: 7, cursor } as const;
			const { page: text, isDone, continueCursor } = await this.#corpus.engine.tableData(request);
			const rows = jsonToConvex(JSON.parse(text));
			if (Array.isArray(rows)) documents.push(...rows);
			if (isDone) return documents;
			cursor = continueCursor;
		}
	}

	tableNames(componentPath: string): Promise<readonly string[]> {
		return this.#corpus.engine.tableNames(componentPath);
	}

	/** Ends the engine and says what is wrong with the file that it leaves. */
	async faults(): Promise<string[]> {
		await this.#corpus.engine.close();
		const store = SqliteStore.open(join(this.#corpus.dataDir, 'data.sqlite'));
		try {
			return indexFaults(store);
		} finally {
			store.close();
		}
	}

	close(): Promise<void> {
		return this.#corpus.close();
	}

	#call(name: string, args: object) {
		return this.#corpus.call(`programs:${name}`, Object.fromEntries(Object.entries(args)), IDENTITY);
	}
}

function schemaModule(schema: Schema): ModuleSource {
	const json = JSON.stringify(convexToJson(value.parse(schema)));
	return module('schema.js', `export default { export: () => ${JSON.stringify(json)} };`);
}

function module(path: string, source: string): ModuleSource {
	const hash = createHash('sha256').update(source).digest('hex');
	return { path, source, sourceMap: null, environment: 'isolate', hash };
}
