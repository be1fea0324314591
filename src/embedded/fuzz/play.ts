/** A scenario, step by step, on both sides. */
import type { JSONValue, Value } from 'convex/values';
import type { PushBundle } from '../engine/bundle.ts';
import { eventually } from '../corpus/harness.ts';
import { Books } from './books.ts';
import { abstracted, answerOf, same } from './compare.ts';
import type { Side } from './compare.ts';
import { Thrown } from './model/failure.ts';
import { Model } from './model/model.ts';
import { COMPONENTS } from './program.ts';
import type { Operation, Scenario, Step } from './program.ts';
import { CALLER, Target, thrownBy } from './target.ts';

interface Watch {
	readonly name: string;
	readonly program: readonly Operation[];
	/** How many ids it knows. */
	readonly known: number;
	answer: JSONValue;
}

/** Plays a scenario on an engine of its own and on the model. Throws a Difference where they part. */
export async function play(scenario: Scenario, bundle: PushBundle): Promise<void> {
	const target = await Target.open(bundle);
	try {
		const game = new Game(target);
		for (const [place, step] of scenario.steps.entries()) await game.step(step, `step ${place}, ${step.do}`);
		await game.end();
	} finally {
		await target.close();
	}
}

class Game {
	readonly #target: Target;
	readonly #model = new Model();
	/** Ids that were given, by place. */
	readonly #ids: string[] = [];
	readonly #watches: Watch[] = [];
	readonly #books: Books;

	constructor(target: Target) {
		this.#target = target;
		this.#books = new Books(target, this.#model, this.#ids);
	}

	async step(step: Step, place: string): Promise<void> {
		switch (step.do) {
			case 'push':
				same(place, await this.#target.push(step.schema), this.#model.push(step.schema));
				return await this.#checkWatches(place);
			case 'restart':
				await this.#target.restart();
				return await this.#checkWatches(place, 'everything');
			case 'query':
				return await this.#compare(
					place,
					() => this.#target.query(step.program, this.#ids),
					() => this.#model.run('query', step.program, this.#ids, CALLER)
				);
			case 'mutation':
				await this.#compare(
					place,
					() => this.#target.mutation(step.program, this.#ids),
					() => this.#model.run('mutation', step.program, this.#ids, CALLER)
				);
				await this.#jobsEnd(place);
				return await this.#checkWatches(place);
			case 'action':
				await this.#compare(
					place,
					() => this.#target.action(step.program, this.#ids),
					() => this.#act(step.program)
				);
				return await this.#checkWatches(place);
			case 'watch': {
				const name = `watch ${this.#watches.length}`;
				const watch: Watch = { name, program: step.program, known: this.#ids.length, answer: null };
				this.#watches.push(watch);
				return await this.#look(watch, place);
			}
			case 'open':
				return await this.#books.open(place, step);
			case 'turn':
				return await this.#books.turn(place, step);
		}
	}

	/** What both hold at the end is the same, and the file is whole. */
	async end(): Promise<void> {
		for (const component of [null, ...COMPONENTS]) {
			const names = this.#model.tables(component).sort();
			same(`tables of ${component}`, (await this.#target.tableNames(component ?? '')).toSorted(), names);
			for (const name of names)
				same(
					`table ${name} of ${component}`,
					this.#abstract(await this.#target.table(component ?? '', name), 'real'),
					this.#abstract(this.#model.table(component, name), 'modelled')
				);
		}
		same('faults of the file', await this.#target.faults(), []);
	}

	/** Runs a program on both sides, and remembers the ids that it gave. */
	async #compare(
		place: string,
		onEngine: () => Promise<{ answers: Value[]; ids: readonly string[] }>,
		onModel: () => { answers: Value[]; ids: readonly string[] }
	): Promise<void> {
		const known = this.#ids.length;
		this.#target.takeGiven();
		const engine = await answerOf(async () => {
			const { answers, ids } = await onEngine().catch((error: unknown) => {
				this.#ids.push(...(thrownBy(error)?.ids ?? []));
				throw error;
			});
			this.#ids.push(...ids);
			return this.#abstract(answers, 'real');
		});
		const given = this.#ids.splice(known);
		this.#model.willGive(this.#target.takeGiven());
		const modelled: string[] = [];
		const model = await answerOf(async () => {
			try {
				const { answers, ids } = onModel();
				modelled.push(...ids);
				this.#ids.push(...given);
				return this.#abstract(answers, 'modelled');
			} catch (error) {
				if (error instanceof Thrown) modelled.push(...error.ids);
				this.#ids.push(...given);
				throw error;
			}
		});
		same(place, engine, model);
		same(`${place}, ids given`, given, modelled);
	}

	#act(program: readonly Operation[]): { answers: Value[]; ids: string[] } {
		const ids = [...this.#ids];
		const answers: Value[] = [];
		for (const operation of program) {
			if (operation.op !== 'nested') throw new Error('actions of scenarios only run other functions');
			const ran = this.#model.run(operation.kind, operation.program, ids, CALLER, operation.into);
			ids.push(...ran.ids);
			answers.push(ran.answers);
		}
		return { answers, ids: ids.slice(this.#ids.length) };
	}

	/** Waits for scheduled functions that were to run at once. */
	async #jobsEnd(place: string): Promise<void> {
		const ask = this.#ids.map((_, place): Operation => ({
			op: 'attempt',
			operation: { op: 'jobState', id: `#${place}` }
		}));
		const model = this.#abstract(this.#model.run('query', ask, this.#ids, CALLER).answers, 'modelled');
		const engine = await eventually(
			async () => this.#abstract((await this.#target.query(ask, this.#ids)).answers, 'real'),
			(states) => unfinished(states) <= unfinished(model)
		);
		same(`${place}, states of scheduled functions`, engine, model);
	}

	/** A live query whose answer changed was told of it, and now gives the new answer. */
	async #checkWatches(place: string, told: 'everything' | null = null): Promise<void> {
		const invalidated = told ?? this.#target.takeInvalidated();
		if (told !== null) this.#target.takeInvalidated();
		for (const watch of this.#watches) {
			const isTold = invalidated === 'everything' || invalidated.has(watch.name);
			const now = await answerOf(async () => this.#modelAnswer(watch));
			if (!isTold) same(`${place}, answer of ${watch.name}, which was not told of a change`, watch.answer, now);
			else await this.#look(watch, place);
		}
	}

	async #look(watch: Watch, place: string): Promise<void> {
		const { name, program, known } = watch;
		const engine = await answerOf(async () =>
			this.#abstract((await this.#target.query(program, this.#ids.slice(0, known), name)).answers, 'real')
		);
		const model = await answerOf(async () => this.#modelAnswer(watch));
		same(`${place}, ${name}`, engine, model);
		watch.answer = engine;
	}

	#modelAnswer({ program, known }: Watch): JSONValue {
		return this.#abstract(this.#model.run('query', program, this.#ids.slice(0, known), CALLER).answers, 'modelled');
	}

	#abstract(value: Value, side: Side): JSONValue {
		return abstracted(value, this.#ids, side);
	}
}

function unfinished(states: JSONValue): number {
	return JSON.stringify(states).split('"pending"').length;
}
