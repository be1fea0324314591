import { encodeId } from '../values/ids.ts';
import { creationKey } from './indexes.ts';
import type { Layer } from './layer.ts';
import type { Records } from './records.ts';
import type { CommitWrites, WrittenEntry } from './types.ts';

/** What a transaction's layer holds, read off its records when somebody asks: until the next transaction writes. */
export class LayerWrites implements CommitWrites {
	readonly ts: bigint;
	readonly #records: Records;
	readonly #numbers: ReadonlyMap<number, number>;
	readonly #clearings: number;

	constructor(ts: bigint, { records, counts }: Layer) {
		this.ts = ts;
		this.#records = records;
		this.#numbers = new Map([...counts.keys()].map(({ tablet, number }) => [-tablet, number]));
		this.#clearings = records.clearings;
	}

	get entryCount(): number {
		let count = 0;
		for (let record = 0; record < this.#checked.size; record++) if (this.#records.isTold(record)) count++;
		return count;
	}

	get entries(): Iterable<WrittenEntry> {
		return entriesOf(this.#checked);
	}

	get ids(): ReadonlySet<string> {
		const records = this.#checked;
		const ids = new Set<string>();
		for (let record = 0; record < records.size; record++) {
			const number = this.#numbers.get(records.target(record));
			if (number !== undefined) ids.add(encodeId(number, records.key(record)));
		}
		return ids;
	}

	get #checked(): Records {
		if (this.#records.clearings !== this.#clearings) throw new Error('another transaction has written since');
		return this.#records;
	}
}

function* entriesOf(records: Records): Generator<WrittenEntry> {
	for (let record = 0; record < records.size; record++) {
		if (!records.isTold(record)) continue;
		const index = records.target(record);
		yield {
			index,
			get key() {
				return index < 0 ? creationKey(records.key(record)) : records.key(record);
			}
		};
	}
}
