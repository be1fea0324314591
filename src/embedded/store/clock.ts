import { pooledRandom } from '../values/randomPool.ts';

const floats = new Float64Array(1);
const words = new Uint32Array(floats.buffer);
const view = new DataView(new ArrayBuffer(8));

/** The next representable float above a positive one. */
function nextFloat(value: number): number {
	floats[0] = value;
	const low = ((words[0] ?? 0) + 1) >>> 0;
	words[0] = low;
	if (low === 0) words[1] = (words[1] ?? 0) + 1;
	return floats[0] ?? value;
}

/** A creation time in milliseconds: now, or just above `last` when the clock has not moved on or went back. */
export function creationTimeAfter(last: number): number {
	const now = Date.now();
	return now > last ? now : nextFloat(last);
}

/** A commit timestamp in nanoseconds: now, or just above `last`. */
export function commitTsAfter(last: bigint): bigint {
	const now = BigInt(Date.now()) * 1_000_000n;
	return now > last ? now : last + 1n;
}

/** A new internal id: the creation time as an ordered float64 (sign bit flipped), then 8 random bytes. */
export function newInternalId(creationTime: number): Uint8Array {
	const id = new Uint8Array(16);
	id.set(orderedFloat(creationTime));
	id.set(pooledRandom(8), 8);
	return id;
}

const ordered = new Uint8Array(view.buffer);

/** The bytes of a float that is not negative, ordered as the floats are (sign bit flipped). Good until the next call. */
export function orderedFloat(value: number): Uint8Array {
	view.setFloat64(0, value);
	ordered[0] = (ordered[0] ?? 0) | 0x80;
	return ordered;
}

/** The creation time inside an internal id. */
export function creationTimeOf(id: Uint8Array): number {
	for (let i = 0; i < 8; i++) view.setUint8(i, id[i] ?? 0);
	view.setUint8(0, (id[0] ?? 0) & 0x7f);
	return view.getFloat64(0);
}
