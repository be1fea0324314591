import { encodeKey, prefixRange } from '../values/keys.ts';
import { binaryText } from './binary.ts';
import type { IndexEntry, IndexMemory } from './tableEntry.ts';
import { creationTimeOf } from './clock.ts';
import { matchesFilter } from './filterKeys.ts';
import type { KeyFilter } from './filterKeys.ts';
import { readKeys } from './merge.ts';
import type { ReadPlace } from './merge.ts';
import { codedLength, LENGTHS, postingFilters, readPosting, termEnd, termOf, termsFrom, wordsOf } from './textKeys.ts';
import type { KeyRange } from './types.ts';

/** The backend's bounds: terms of one query with their expansions and filters, and documents that are ranked at most. */
const MAX_TERMS = 64;
export const MAX_CANDIDATES = 1024;

/** BM25 as tantivy computes it, in 32-bit floats. */
const K1 = 1.2;
const B = 0.75;
const EXPANSION_BOOST = 0.5;
const { fround } = Math;

export interface TextQuery {
	/** Words in the order of the text; the last also stands for every word that it begins. */
	readonly terms: readonly string[];
	/** All must hold. */
	readonly filters: readonly KeyFilter[];
}

export interface TextMatch {
	/** Orders the matches: by score, then newest first. */
	readonly key: Uint8Array;
	readonly internal: Uint8Array;
	readonly score: number;
}

export interface TextMatches {
	/** Best first, `MAX_CANDIDATES` at most. */
	readonly matches: readonly TextMatch[];
	/** What of the index could change them. */
	readonly reads: readonly KeyRange[];
}

/** How many documents an index has and how many words they hold together: what BM25 compares a document with. */
class TextLengths implements IndexMemory {
	documents = 0;
	words = 0;

	added(key: Uint8Array): void {
		this.#count(key, 1);
	}

	removed(key: Uint8Array): void {
		this.#count(key, -1);
	}

	#count(key: Uint8Array, sign: number): void {
		const words = wordsOf(key);
		if (words === null) return;
		this.documents += sign;
		this.words += sign * words;
	}
}

interface Scored {
	readonly age: Uint8Array;
	readonly internal: Uint8Array;
	score: number;
}

interface Term {
	readonly term: string;
	readonly boost: number;
	readonly postings: readonly Uint8Array[];
}

/**
 * Ranks the documents that contain at least one of the query's words and satisfy its filters. What is reported as read
 * are the postings of its words and, as soon as two documents match, the lengths of all documents, since their mean decides
 * between two. (The backend leaves those out: there a live search keeps the order of its last run.)
 */
export function searchText(place: ReadPlace, index: IndexEntry, query: TextQuery): TextMatches {
	const reads: KeyRange[] = [];
	const terms = findTerms(place, index, query, reads);
	const lengths = terms.length === 0 ? new TextLengths() : textLengths(place, index);
	const found: Scored[] = [];
	const byDocument = new Map<string, Scored>();
	for (const { boost, postings } of terms) {
		const weigh = weigher(lengths, postings.length, boost);
		for (const key of postings) {
			if (query.filters.length > 0) {
				const keys = postingFilters(index, key);
				if (!query.filters.every((filter) => matchesFilter(keys, filter))) continue;
			}
			const { age, internal, frequency, code } = readPosting(key);
			const score = weigh(frequency, code);
			// A document has one posting of each word.
			const name = terms.length === 1 ? '' : binaryText(internal);
			const sum = byDocument.get(name);
			if (sum === undefined) {
				const scored = { age, internal, score };
				found.push(scored);
				if (terms.length > 1) byDocument.set(name, scored);
			} else sum.score = fround(sum.score + score);
		}
	}
	if (found.length > 1) reads.push(LENGTHS);
	const ranked = candidates(found).sort((a, b) => b.score - a.score || Buffer.compare(b.age, a.age));
	return { matches: ranked.slice(0, MAX_CANDIDATES).map(matchOf), reads };
}

/** Those that can be among the best: so that a word that nearly all documents have does not make all be sorted. */
function candidates(found: Scored[]): Scored[] {
	if (found.length <= MAX_CANDIDATES) return found;
	const least =
		Float32Array.from(found, ({ score }) => score)
			.sort()
			.at(-MAX_CANDIDATES) ?? 0;
	return found.filter(({ score }) => score >= least);
}

function matchOf({ age, internal, score }: Scored): TextMatch {
	const id = new Uint8Array(internal).buffer;
	return { key: encodeKey([-score, -creationTimeOf(age), id]), internal, score };
}

/** The words of the index that the query means, each once: those it names, then those that its last word begins. */
function findTerms(place: ReadPlace, index: IndexEntry, { terms, filters }: TextQuery, reads: KeyRange[]): Term[] {
	const found: Term[] = [];
	for (const term of new Set(terms)) {
		const range = prefixRange([term]);
		reads.push(range);
		const postings = readKeys(place, index.id, range);
		if (postings.length > 0) found.push({ term, boost: 1, postings });
	}
	const last = terms.at(-1);
	if (last !== undefined) {
		const room = MAX_TERMS - found.length - filters.length;
		const begun = termsFrom(last);
		let { lower } = begun;
		for (let added = 0; added < room;) {
			const first = readKeys(place, index.id, { lower, upper: begun.upper }, 1)[0];
			if (first === undefined) {
				lower = begun.upper;
				break;
			}
			const range = { lower: first.slice(0, termEnd(first) + 1), upper: keyAfterTerm(first) };
			lower = range.upper;
			const term = termOf(first);
			if (found.some((other) => other.term === term)) continue;
			found.push({ term, boost: EXPANSION_BOOST, postings: readKeys(place, index.id, range) });
			added++;
		}
		reads.push({ lower: begun.lower, upper: lower });
	}
	return found.sort((a, b) => Buffer.compare(Buffer.from(a.term), Buffer.from(b.term)));
}

/** The end of the postings of the term that `key` belongs to. */
function keyAfterTerm(key: Uint8Array): Uint8Array {
	const end = key.slice(0, termEnd(key) + 1);
	end[end.length - 1] = 1;
	return end;
}

/** The score of one term in one document, by its frequency and the code of the document's length. */
function weigher(lengths: TextLengths, documents: number, boost: number): (frequency: number, code: number) => number {
	const mean = fround(lengths.words / lengths.documents);
	const idf = fround(Math.log(fround(1 + fround((lengths.documents - documents + 0.5) / (documents + 0.5)))));
	const weight = fround(fround(idf * fround(1 + K1)) * boost);
	const norms = Array.from({ length: 256 }, (_, code) => fround(K1 * (1 - B + (B * codedLength(code)) / mean)));
	return (frequency, code) => fround(weight * fround(frequency / fround(frequency + (norms[code] ?? 0))));
}

function textLengths(place: ReadPlace, index: IndexEntry): TextLengths {
	if (index.memory instanceof TextLengths) return index.memory;
	const lengths = new TextLengths();
	for (const key of readKeys(place, index.id, LENGTHS)) lengths.added(key);
	index.memory = lengths;
	return lengths;
}
