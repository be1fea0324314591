/** The path of a small line. Pure. */
import { lonelyPoints, thin } from './layers.ts';

export interface SparkPaths {
	/** SVG path data of the days that are over. */
	readonly line: string;
	/** From the last day that is over to the one still counting; "" when there is none. */
	readonly open: string;
	/** Days that no line reaches. */
	readonly dots: readonly { readonly x: number; readonly y: number }[];
}

/** Lays values into a box of `width` by `height`, zero at the bottom with `zeroBased`; null is a gap. */
export function sparkPaths(
	values: readonly (number | null)[],
	box: { readonly width: number; readonly height: number; readonly zeroBased: boolean; readonly lastIsOpen: boolean }
): SparkPaths {
	let low = box.zeroBased ? 0 : Infinity;
	let high = box.zeroBased ? 0 : -Infinity;
	for (const value of values) {
		if (value === null) continue;
		low = Math.min(low, value);
		high = Math.max(high, value);
	}
	const x = (index: number) => round((index / Math.max(1, values.length - 1)) * box.width);
	// A flat line lies in the middle, unless it lies on zero.
	const y = (value: number) => {
		const share = high === low ? (high === 0 && box.zeroBased ? 0 : 0.5) : (value - low) / (high - low);
		return round((1 - share) * box.height);
	};
	const last = values.length - 1;
	const closed = box.lastIsOpen ? values.slice(0, last) : values;
	let line = '';
	let pen = false;
	for (const index of thin(closed, Math.ceil(box.width) * 4)) {
		const value = closed[index] ?? null;
		if (value !== null) line += `${pen ? 'L' : 'M'}${x(index)} ${y(value)}`;
		pen = value !== null;
	}
	const end = values[last] ?? null;
	const before = values[last - 1] ?? null;
	const open =
		box.lastIsOpen && end !== null && before !== null ? `M${x(last - 1)} ${y(before)}L${x(last)} ${y(end)}` : '';
	const dots = lonelyPoints(values).map((index) => ({ x: x(index), y: y(values[index] ?? 0) }));
	return { line, open, dots };
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
