import { compareKeys } from '../values/keys.ts';
import { IntervalTree } from './intervals.ts';
import type { CommitWrites, ReadSet } from './types.ts';

/** Which named read sets a commit touches: an interval tree for each index, and a map from ids to names. */
export class SubscriptionIndex {
	readonly #reads = new Map<string, ReadSet>();
	readonly #trees = new Map<number, IntervalTree<string>>();
	readonly #ids = new Map<string, Set<string>>();

	get size(): number {
		return this.#reads.size;
	}

	/** Keeps a read set under a name; an earlier one of that name is forgotten. */
	add(name: string, reads: ReadSet): void {
		this.remove(name);
		this.#reads.set(name, reads);
		for (const { index, lower, upper } of reads.intervals) {
			if (compareKeys(lower, upper) >= 0) continue;
			let tree = this.#trees.get(index);
			if (tree === undefined) this.#trees.set(index, (tree = new IntervalTree()));
			tree.add(lower, upper, name);
		}
		for (const id of reads.ids) {
			const names = this.#ids.get(id);
			if (names === undefined) this.#ids.set(id, new Set([name]));
			else names.add(name);
		}
	}

	remove(name: string): void {
		const reads = this.#reads.get(name);
		if (reads === undefined) return;
		this.#reads.delete(name);
		for (const { index, lower, upper } of reads.intervals) {
			const tree = this.#trees.get(index);
			tree?.remove(lower, upper, name);
			if (tree?.size === 0) this.#trees.delete(index);
		}
		for (const id of reads.ids) {
			const names = this.#ids.get(id);
			names?.delete(name);
			if (names?.size === 0) this.#ids.delete(id);
		}
	}

	/** Names whose answer may have changed. They stay registered until removed. */
	invalidatedBy(writes: Pick<CommitWrites, 'entries' | 'ids'>): string[] {
		const names = new Set<string>();
		// What nobody reads is not looked at: a transaction may have written much.
		if (this.#trees.size > 0) for (const entry of writes.entries) this.#trees.get(entry.index)?.stab(entry.key, names);
		if (this.#ids.size > 0) for (const id of writes.ids) for (const name of this.#ids.get(id) ?? []) names.add(name);
		return [...names];
	}
}
