import type { Value } from 'convex/values';
import type { Component, Operation, Schema, Selection } from '../program.ts';
import { attempt, idOf, resolve, resolved } from './context.ts';
import type { Context, Kind } from './context.ts';
import { Refused, Thrown } from './failure.ts';
import type { ObjectValue } from './order.ts';
import { readPage, readQuery, readSearch } from './reading.ts';
import type { Page, Position } from './reading.ts';
import { compareBy } from './selection.ts';
import type { Literal } from './selection.ts';
import { JOBS, State, defined, withoutSystemFields } from './state.ts';

export interface Result {
	readonly answers: Value[];
	/** Ids that the program gave. */
	readonly ids: readonly string[];
}

/** Later than any number that programs compare with, as real creation times are. */
const EPOCH = 1.7e12;

/**
 * What Convex does with programs, as plainly as it can be said: documents in maps, indexes by sorting, transactions by
 * copying. Throws `Refused` or `Thrown` where a deployment fails.
 */
export class Model {
	/** Of the app, with that of its components. */
	#app = new State();
	/** In which component things happen: null in the app. */
	#component: Component | null = null;
	/** The table of every id ever given, also of those rolled back. */
	readonly #owners = new Map<string, string>();
	/** What the next ids are to be. */
	#given: string[] = [];
	/** Scheduled functions to run once the transaction has committed. */
	readonly #soon: string[] = [];

	/** False when a document does not fit. */
	push(schema: Schema): boolean {
		return this.#state.push(schema, (id) => this.#tableOf(id));
	}

	get #state(): State {
		return this.#component === null ? this.#app : this.#app.component(this.#component);
	}

	/** Ids to be given next, in this order: it makes up its own when there are none. */
	willGive(ids: readonly string[]): void {
		this.#given = [...ids];
	}

	/**
	 * Runs a program in one transaction, then what it scheduled for right after. `into`: an action runs it in a component,
	 * which does not learn of the user then.
	 */
	run(
		kind: Kind,
		program: readonly Operation[],
		ids: readonly string[],
		identity: Value,
		into?: Component | null
	): Result {
		if (into != null) return { answers: this.#inside(into, kind, program, null), ids: [] };
		const result = this.#transaction(() => this.#program(kind, program, ids, identity));
		for (let job = this.#soon.shift(); job !== undefined; job = this.#soon.shift()) this.#runJob(job);
		return result;
	}

	/** One page: `from` is where an earlier one ended, `to` where this one must end whatever `numItems` says. */
	page(
		selection: Selection,
		ids: readonly string[],
		numItems: number,
		from: Position | null,
		to: Position | null
	): Page {
		const context: Context = { kind: 'query', identity: null, ids: [...ids], times: this.#times(selection, ids) };
		return readPage(this.#state, selection, this.#literal(context, selection.table), numItems, from, to);
	}

	/** Every document of a table, the oldest first. */
	table(component: Component | null, name: string): Value[] {
		return this.#within(component, () => this.#state.documents(name))
			.sort(compareBy(['_creationTime'], 'asc'))
			.map(defined);
	}

	tables(component: Component | null): string[] {
		return this.#within(component, () => [...this.#state.tables.keys()]);
	}

	#within<T>(component: Component | null, run: () => T): T {
		const before = this.#component;
		this.#component = component;
		try {
			return run();
		} finally {
			this.#component = before;
		}
	}

	/** A program of a component, which does not know the ids of the app. */
	#inside(component: Component, kind: Kind, program: readonly Operation[], identity: Value): Value[] {
		return this.#within(component, () => this.#transaction(() => this.#program(kind, program, [], identity))).answers;
	}

	#transaction<T>(run: () => T): T {
		const before = this.#app;
		const soon = this.#soon.length;
		this.#app = before.copy();
		try {
			return run();
		} catch (error) {
			this.#app = before;
			this.#soon.length = soon;
			throw error;
		}
	}

	#runJob(id: string): void {
		this.#given = [];
		const job = this.#state.jobs.get(id);
		if (job?.state !== 'pending') return;
		const end = (state: 'success' | 'failed') => this.#state.jobs.set(id, { ...job, state });
		try {
			this.#transaction(() => this.#program('mutation', job.program, job.ids, null));
			end('success');
		} catch {
			end('failed');
		}
	}

	#program(kind: Kind, program: readonly Operation[], given: readonly string[], identity: Value): Result {
		const context: Context = { kind, identity, ids: [...given], times: this.#times(program, given) };
		const own = () => context.ids.slice(given.length);
		try {
			return { answers: program.map((operation) => this.#perform(context, operation)), ids: own() };
		} catch (error) {
			throw error instanceof Thrown ? new Thrown(error.data, own()) : error;
		}
	}

	#perform(context: Context, operation: Operation): Value {
		switch (operation.op) {
			case 'insert':
				return this.#insert(context, operation.table, operation.fields);
			case 'patch': {
				const document = this.#existing(context, operation.id);
				const unset = Object.fromEntries(operation.unset.map((name) => [name, undefined]));
				const given = withoutSystemFields({ ...resolve(context, operation.fields), ...unset }, document);
				return this.#replace(document, { ...document, ...given });
			}
			case 'replace': {
				const document = this.#existing(context, operation.id);
				return this.#replace(document, withoutSystemFields(resolve(context, operation.fields), document));
			}
			case 'delete': {
				const { _id } = this.#existing(context, operation.id);
				this.#state.tables.get(this.#ownerOf(String(_id)))?.delete(String(_id));
				return null;
			}
			case 'get': {
				const id = idOf(context, operation.id);
				const owner = this.#ownerOf(id);
				if (owner === JOBS) throw new Refused('id');
				const found = this.#state.tables.get(owner)?.get(id);
				return found === undefined ? null : defined(found);
			}
			case 'normalizeId': {
				const id = idOf(context, operation.id);
				return this.#tableOf(id) === operation.table ? id : null;
			}
			case 'count':
				return this.#state.documents(operation.table).length;
			case 'query':
				return readQuery(this.#state, operation, this.#literal(context, operation.selection.table));
			case 'search':
				return readSearch(this.#state, operation, this.#literal(context, operation.table));
			case 'nested': {
				if (operation.kind === 'mutation' && context.kind === 'query') throw new Refused('kind');
				return this.#nested(context, operation);
			}
			case 'attempt':
				return attempt(() => this.#perform(context, operation.operation));
			case 'parallel': {
				const before = context.ids.length;
				const branches = operation.operations.map((each) => ({ each, own: { ...context, ids: [...context.ids] } }));
				const answers = branches.map(({ each, own }) => attempt(() => this.#perform(own, each)));
				for (const { own } of branches) context.ids.push(...own.ids.slice(before));
				return answers;
			}
			case 'throw':
				throw new Thrown(operation.data, []);
			case 'fail':
				throw new Refused('thrown');
			case 'schedule': {
				if (context.kind === 'query') throw new Refused('kind');
				const id = this.#newId(context, JOBS, () => undefined);
				const { soon, program } = operation;
				this.#state.jobs.set(id, { state: 'pending', soon, program, ids: context.ids.slice(0, -1) });
				if (soon) this.#soon.push(id);
				return id;
			}
			case 'cancel': {
				if (context.kind === 'query') throw new Refused('kind');
				const id = idOf(context, operation.id);
				const job = this.#state.jobs.get(id);
				this.#ownerOf(id);
				if (job === undefined) throw new Refused('missing');
				if (job.state === 'pending') this.#state.jobs.set(id, { ...job, state: 'canceled' });
				return null;
			}
			case 'jobState': {
				const id = idOf(context, operation.id);
				const owner = this.#ownerOf(id);
				if (owner !== JOBS && this.#state.tables.has(owner)) throw new Refused('id');
				return this.#state.jobs.get(id)?.state ?? null;
			}
			case 'identity':
				return context.identity;
		}
	}

	#insert(context: Context, table: string, given: Readonly<Record<string, Value>>): Value {
		if (context.kind === 'query') throw new Refused('kind');
		if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(table)) throw new Refused('table');
		const fields = resolve(context, given);
		this.#state.check(table, fields, (id) => this.#tableOf(id, table));
		return this.#newId(context, table, (id, time) => {
			const documents = this.#state.tables.get(table) ?? new Map<string, ObjectValue>();
			this.#state.tables.set(table, documents.set(id, { ...fields, _creationTime: time, _id: id }));
		});
	}

	#newId(context: Context, table: string, keep: (id: string, time: number) => void): string {
		const id = this.#given.shift() ?? `<${this.#owners.size}>`;
		keep(id, EPOCH + this.#owners.size);
		this.#owners.set(id, table);
		context.ids.push(id);
		return id;
	}

	#replace(document: ObjectValue, next: ObjectValue): null {
		const { _id, _creationTime } = document;
		const { _id: _, _creationTime: __, ...rest } = next;
		const table = this.#ownerOf(String(_id));
		const fields = defined(rest);
		this.#state.check(table, fields, (id) => this.#tableOf(id));
		this.#state.tables.get(table)?.set(String(_id), { ...fields, _creationTime, _id });
		return null;
	}

	#nested(context: Context, { kind, into, program }: Extract<Operation, { op: 'nested' }>): Value {
		if (into !== null) return this.#inside(into, kind, program, context.identity);
		try {
			const { answers, ids } = this.#transaction(() => this.#program(kind, program, context.ids, context.identity));
			context.ids.push(...ids);
			return answers;
		} catch (error) {
			if (error instanceof Thrown) context.ids.push(...error.ids);
			throw error;
		}
	}

	/** The document to write to. */
	#existing(context: Context, token: string): ObjectValue {
		if (context.kind === 'query') throw new Refused('kind');
		const id = idOf(context, token);
		const owner = this.#ownerOf(id);
		if (owner === JOBS) throw new Refused('id');
		const found = this.#state.tables.get(owner)?.get(id);
		if (found === undefined) throw new Refused('missing');
		return found;
	}

	#ownerOf(id: string): string {
		const owner = this.#owners.get(id);
		if (owner === undefined) throw new Refused('id');
		return owner;
	}

	/** The table of an id, when the table exists. */
	#tableOf(id: string, about?: string): string | null {
		const owner = this.#owners.get(id);
		return owner !== undefined && (owner === JOBS || owner === about || this.#state.tables.has(owner)) ? owner : null;
	}

	#literal(context: Context, table: string): Literal {
		return ([value]) => {
			if (typeof value !== 'string' || !value.startsWith('@'))
				return value === undefined ? value : resolved(context, value);
			const id = idOf(context, value);
			return this.#tableOf(id) === table ? (context.times.get(id) ?? 0) : 0;
		};
	}

	#times(program: unknown, ids: readonly string[]): Map<string, number> {
		const times = new Map<string, number>();
		const texts = JSON.stringify(program, (_name, value: unknown) => (typeof value === 'bigint' ? '' : value));
		for (const [, place] of texts.matchAll(/"@(\d+)"/g)) {
			const id = ids[Number(place)];
			const found = id === undefined ? undefined : this.#state.tables.get(this.#owners.get(id) ?? '')?.get(id);
			if (id !== undefined && found !== undefined) times.set(id, Number(found._creationTime));
		}
		return times;
	}
}
