/**
 * A small engine for tests of the sockets: a map of numbers, with real snapshots, read sets and request de-duplication.
 * It knows a few functions and no code; what tests do not need it refuses.
 */
import type {
	CommitNotice,
	Engine,
	FunctionCall,
	MutationResult,
	Outcome,
	QueryRequest,
	QueryResult,
	SessionRequest
} from './engine/types.ts';

type Read = (name: string) => number;
type Handler = (
	argument: Record<string, unknown>,
	read: Read,
	write: (name: string, value: number) => void,
	call: FunctionCall
) => unknown;

/** `get {name}`, `sum {names}`, `add {name, by}`, `whoami`, `fail`, `shared` (the same for everybody). */
const FUNCTIONS: Readonly<Record<string, Handler>> = {
	'numbers:get': ({ name }, read) => read(String(name)),
	'numbers:sum': ({ names }, read) =>
		(Array.isArray(names) ? names : []).reduce((total: number, name) => total + read(String(name)), 0),
	'numbers:add': ({ name, by }, read, write) => {
		const value = read(String(name)) + Number(by);
		write(String(name), value);
		return value;
	},
	'numbers:move': ({ from, to, by }, read, write) => {
		write(String(from), read(String(from)) - Number(by));
		write(String(to), read(String(to)) + Number(by));
		return null;
	},
	'numbers:fail': () => {
		throw new Error('as asked');
	}
};

export class MemoryEngine implements Engine {
	readonly values = new Map<string, number>();
	/** How many queries were run. */
	runs = 0;
	readonly #subscriptions = new Map<string, ReadonlySet<string>>();
	readonly #listeners = new Set<(notice: CommitNotice) => void>();
	readonly #answered = new Map<string, MutationResult>();
	readonly unsubscribed: string[] = [];
	authProviders: unknown[] = [];
	#ts = BigInt(Date.now()) * 1_000_000n;

	latestTs(): bigint {
		return this.#ts;
	}

	async querySet(requests: readonly QueryRequest[]): Promise<{ ts: bigint; results: QueryResult[] }> {
		await turn();
		const results = requests.map((request) => this.#query(request));
		const ts = this.#ts;
		await turn();
		return { ts, results };
	}

	unsubscribe(names: readonly string[]): void {
		for (const name of names) {
			this.unsubscribed.push(name);
			this.#subscriptions.delete(name);
		}
	}

	async mutation(call: FunctionCall, session?: SessionRequest): Promise<MutationResult> {
		await turn();
		const key = session && `${session.sessionId} ${session.requestId}`;
		const before = key === undefined ? undefined : this.#answered.get(key);
		if (before) return before;
		const written = new Map<string, number>();
		const read: Read = (name) => written.get(name) ?? this.values.get(name) ?? 0;
		const outcome = invoke(call, read, (name, value) => written.set(name, value));
		if (!outcome.ok) return { outcome, ts: null };
		this.#ts += 1n;
		for (const [name, value] of written) this.values.set(name, value);
		const result = { outcome, ts: this.#ts };
		if (key !== undefined) this.#answered.set(key, result);
		this.#announce(new Set(written.keys()));
		return result;
	}

	async action(call: FunctionCall): Promise<Outcome> {
		return (await this.mutation(call)).outcome;
	}

	onCommit(listener: (notice: CommitNotice) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	onLog(): () => void {
		return () => undefined;
	}

	async functionInfo(): Promise<null> {
		return null;
	}

	async analysis(): Promise<{ modules: Record<string, never>; schema: null; authProviders: unknown[] }> {
		return { modules: {}, schema: null, authProviders: this.authProviders };
	}

	async environment(): Promise<{ name: string; value: string }[]> {
		return [{ name: 'COLOUR', value: 'green' }];
	}

	async close(): Promise<void> {
		this.#listeners.clear();
	}

	httpAction = refuse;
	modules = refuse;
	moduleSources = refuse;
	preparePush = refuse;
	applyPush = refuse;
	setEnvironment = refuse;
	tableNames = refuse;
	tableData = refuse;
	registerFile = refuse;
	file = refuse;

	/** As if the process that runs the functions had been replaced. */
	restart(): void {
		this.#subscriptions.clear();
		for (const listener of this.#listeners) listener({ ts: this.#ts, invalidated: [], everything: true });
	}

	#query(request: QueryRequest): QueryResult {
		this.runs += 1;
		const names = new Set<string>();
		if (request.path === 'numbers:whoami') {
			if (request.subscription !== undefined) this.#subscriptions.set(request.subscription, names);
			return {
				outcome: { ok: true, value: JSON.stringify(request.identity.kind), logLines: [] },
				journal: null,
				readIdentity: true
			};
		}
		const outcome = invoke(
			request,
			(name) => {
				names.add(name);
				return this.values.get(name) ?? 0;
			},
			() => undefined
		);
		if (request.subscription !== undefined) this.#subscriptions.set(request.subscription, names);
		return { outcome, journal: null, readIdentity: false };
	}

	#announce(written: ReadonlySet<string>): void {
		const invalidated: string[] = [];
		for (const [subscription, names] of this.#subscriptions) {
			if (names.values().some((name) => written.has(name))) invalidated.push(subscription);
		}
		for (const name of invalidated) this.#subscriptions.delete(name);
		for (const listener of this.#listeners) listener({ ts: this.#ts, invalidated, everything: false });
	}
}

function invoke(call: FunctionCall, read: Read, write: (name: string, value: number) => void): Outcome {
	const handler = FUNCTIONS[call.path];
	const failed = (message: string): Outcome => ({
		ok: false,
		failure: { message: `[Request ID: ${call.requestId}] Server Error\n${message}` },
		logLines: []
	});
	if (!handler) return failed(`Could not find function for '${call.path}'.`);
	const [argument = {}]: Record<string, unknown>[] = JSON.parse(call.args);
	try {
		return { ok: true, value: JSON.stringify(handler(argument, read, write, call)), logLines: [] };
	} catch (error) {
		return failed(String(error));
	}
}

async function refuse(): Promise<never> {
	throw new Error('The engine of this test cannot do that.');
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
