/** What a line chart is given. Every run of days has one entry per day of the period, or ends before it does. */
import type { NumberStyle } from '../../metrics/format.ts';
import type { Period } from '../../metrics/ranges.ts';
import type { Aggregation } from '../../metrics/types.ts';
import { layersOf, thin } from './layers.ts';
import type { Drawable } from './layers.ts';

interface ChartSeries extends Drawable {
	readonly id: string;
	/** What splits it from the others; "" for the only one. */
	readonly label: string;
	/** 1 to 8: a variable of app.css. */
	readonly colour: number;
	readonly states: string;
	/** The days of the period before, place by place; null when there is no comparison. */
	readonly comparison: readonly (number | null)[] | null;
}

export interface ChartModel {
	readonly title: string;
	readonly period: Period;
	/** Days of the period. */
	readonly length: number;
	readonly comparisonPeriod: Period | null;
	readonly series: readonly ChartSeries[];
	readonly style: NumberStyle;
	readonly aggregation: Aggregation;
}

/** The most points that a line is drawn through; longer runs are thinned. */
const MOST_POINTS = 4000;

type LayerKind = 'comparison' | 'solid' | 'light' | 'dashed';

export interface Layer {
	readonly kind: LayerKind;
	readonly colour: number;
}

/** The model as columns: the indexes of the days first, then one column per layer. */
export interface Columns {
	readonly indexes: number[];
	readonly layers: readonly Layer[];
	readonly columns: (number | null)[][];
}

/** Lays the model out in drawing order: comparison below, then each series from its certain days to today. */
export function columnsOf(model: ChartModel): Columns {
	const layers: Layer[] = [];
	const columns: (number | null)[][] = [];
	const add = (kind: LayerKind, colour: number, values: readonly (number | null)[]) => {
		layers.push({ kind, colour });
		columns.push(Array.from({ length: model.length }, (_, index) => values[index] ?? null));
	};
	// More grey lines than one cannot be told apart.
	const [only] = model.series;
	if (model.series.length === 1 && only?.comparison) add('comparison', only.colour, only.comparison);
	for (const series of model.series) {
		const { solid, light, dashed } = layersOf(series);
		add('solid', series.colour, solid);
		add('light', series.colour, light);
		add('dashed', series.colour, dashed);
	}
	if (model.length <= MOST_POINTS)
		return { indexes: Array.from({ length: model.length }, (_, index) => index), layers, columns };
	const kept = new Set<number>();
	for (const column of columns) for (const index of thin(column, MOST_POINTS)) kept.add(index);
	const indexes = [...kept].sort((a, b) => a - b);
	return { indexes, layers, columns: columns.map((column) => indexes.map((index) => column[index] ?? null)) };
}
