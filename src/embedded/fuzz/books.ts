/** Books: selections that are read page by page, on both sides. */
import type { JSONValue, Value } from 'convex/values';
import { abstracted, answerOf, same } from './compare.ts';
import type { Side } from './compare.ts';
import type { Model } from './model/model.ts';
import type { Position } from './model/reading.ts';
import type { Selection, Step } from './program.ts';
import type { PageOptions, Target } from './target.ts';

interface Book {
	readonly selection: Selection;
	readonly known: number;
	/** Where pages ended, the last first. */
	readonly ends: { readonly cursor: string; readonly position: Position }[];
	latest: {
		readonly options: PageOptions;
		readonly from: Position | null;
		readonly journal: string;
		readonly position: Position;
	} | null;
}

export class Books {
	readonly #target: Target;
	readonly #model: Model;
	readonly #ids: readonly string[];
	/** The latest first. */
	readonly #books: Book[] = [];

	/** `ids`: those that were given, by place; more may come. */
	constructor(target: Target, model: Model, ids: readonly string[]) {
		this.#target = target;
		this.#model = model;
		this.#ids = ids;
	}

	/** The first page of a selection. */
	async open(place: string, { selection, numItems }: Extract<Step, { do: 'open' }>): Promise<void> {
		const book: Book = { selection, known: this.#ids.length, ends: [], latest: null };
		// What literals stand for may change, and a cursor belongs to one query.
		if (!/"[#@]\d+"/.test(text(selection))) this.#books.unshift(book);
		await this.#page(place, book, { numItems, cursor: null }, null, null, null);
	}

	/** Another page of a book, or its latest once more. */
	async turn(place: string, { book: which, numItems, from, to, again }: Extract<Step, { do: 'turn' }>): Promise<void> {
		const book = this.#books[which];
		if (book === undefined) return;
		const { latest } = book;
		if (again && latest !== null)
			return await this.#page(place, book, latest.options, latest.from, latest.position, latest.journal);
		const start = from === null ? undefined : book.ends[from];
		const end = to === null ? undefined : book.ends[to];
		const options = {
			numItems,
			cursor: start?.cursor ?? null,
			...(end === undefined ? {} : { endCursor: end.cursor })
		};
		await this.#page(place, book, options, start?.position ?? null, end?.position ?? null, null);
	}

	async #page(
		place: string,
		book: Book,
		options: PageOptions,
		from: Position | null,
		to: Position | null,
		journal: string | null
	): Promise<void> {
		const { selection, known } = book;
		const read = { cursor: '', journal: '', position: 'end' as Position };
		const engine = await answerOf(async () => {
			const real = await this.#target.page(selection, this.#ids.slice(0, known), options, journal);
			read.cursor = real.continueCursor;
			read.journal = real.journal ?? '';
			if (real.splitCursor !== null) await this.#halves(`${place}, halves`, book, options, real, real.splitCursor);
			return this.#abstract([real.page, real.isDone], 'real');
		});
		const model = await answerOf(async () => {
			const { page, position } = this.#model.page(selection, this.#ids.slice(0, known), options.numItems, from, to);
			read.position = position;
			return this.#abstract([page, position === 'end'], 'modelled');
		});
		same(place, engine, model);
		if (!('answers' in engine)) return;
		book.latest = { options, from, journal: read.journal, position: read.position };
		book.ends.unshift(read);
	}

	/** A page that may be split is its two halves. */
	async #halves(
		place: string,
		{ selection, known }: Book,
		options: PageOptions,
		whole: Awaited<ReturnType<Target['page']>>,
		split: string
	): Promise<void> {
		const read = (cursor: string | null, endCursor: string) =>
			this.#target.page(selection, this.#ids.slice(0, known), { ...options, cursor, endCursor }, null);
		const halves = [await read(options.cursor, split), await read(split, whole.continueCursor)];
		same(
			place,
			this.#abstract(
				halves.flatMap(({ page }) => page),
				'real'
			),
			this.#abstract(whole.page, 'real')
		);
	}

	#abstract(value: Value, side: Side): JSONValue {
		return abstracted(value, this.#ids, side);
	}
}

function text(value: unknown): string {
	return JSON.stringify(value, (_name, inside: unknown) => (typeof inside === 'bigint' ? String(inside) : inside));
}
