/** The canvas of a line chart: uPlot told what to draw. Browser only. */
import type uPlot from 'uplot';
import { addDays } from '../../metrics/days.ts';
import { formatCompact } from '../../metrics/format.ts';
import { dayMarks, lonelyPoints } from './layers.ts';
import { columnsOf } from './model.ts';
import type { ChartModel, Layer } from './model.ts';
import { dayTicks, tickLabel, valueScale } from './scale.ts';
import type { ValueScale } from './scale.ts';

/** Where the pointer is: the day, and its place in CSS pixels of the plot. */
export interface Pointer {
	readonly index: number;
	readonly left: number;
	readonly top: number;
}

/** Where a line ends, for its label, in CSS pixels of the chart's box. */
export interface LineEnd {
	readonly id: string;
	readonly top: number;
}

export interface PlotOptions {
	readonly uPlot: typeof uPlot;
	readonly element: HTMLElement;
	/** Read at every drawing, so that new numbers need no new plot. */
	readonly model: () => ChartModel;
	readonly width: number;
	readonly height: number;
	/** Room at the right for the labels of lines. */
	readonly labelWidth: number;
	/** Charts of one key share the crosshair. */
	readonly syncKey: string;
	readonly onpointer: (pointer: Pointer | null) => void;
	readonly onends: (ends: LineEnd[]) => void;
}

const FONT = '12px ui-sans-serif, system-ui, sans-serif';
const AXIS_WIDTH = 56;
const PIXELS_PER_DAY_LABEL = 76;

/** Makes the plot inside `element`. The caller destroys it. */
export function createPlot(options: PlotOptions): uPlot {
	const { element, model } = options;
	const style = getComputedStyle(element);
	const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
	const { layers, indexes, columns } = columnsOf(model());
	let scale = scaleOf(model());
	const grid = { stroke: colour('grid'), width: 1 };
	const text = { stroke: colour('ink-faint'), font: FONT, ticks: { show: false }, grid };

	return new options.uPlot(
		{
			width: options.width,
			height: options.height,
			padding: [8, 8 + options.labelWidth, 0, 0],
			legend: { show: false },
			scales: {
				x: { time: false, range: () => [-0.5, Math.max(0.5, model().length - 0.5)] },
				y: {
					range: () => {
						scale = scaleOf(model());
						return [scale.min, scale.max];
					}
				}
			},
			axes: [
				{
					...text,
					size: 28,
					grid: { show: false },
					splits: (plot) => {
						const room = plot.bbox.width / devicePixelRatio / PIXELS_PER_DAY_LABEL;
						return dayTicks(model().period.from, model().length, Math.max(2, Math.floor(room)));
					},
					values: (_, splits) => splits.map((index) => tickLabel(addDays(model().period.from, index), model().length))
				},
				{
					...text,
					size: AXIS_WIDTH,
					gap: 8,
					splits: () => [...scale.ticks],
					values: (_, splits) => splits.map((value) => formatCompact(value, model().style))
				}
			],
			cursor: {
				y: false,
				drag: { x: false, y: false },
				focus: { prox: -1 },
				points: { size: 8, width: 2, stroke: colour('surface'), fill: (_, index) => strokeOf(layers[index - 1]) },
				sync: { key: options.syncKey, setSeries: false }
			},
			series: [{}, ...layers.map((layer) => seriesOf(layer))],
			hooks: {
				drawClear: [(plot) => drawMarks(plot, model(), colour('ink-faint'), colour('failing'))],
				draw: [(plot) => options.onends(lineEnds(plot, model()))],
				setCursor: [
					(plot) => {
						const index = plot.cursor.idx;
						const { left = -1, top = -1 } = plot.cursor;
						// Only the chart under the pointer speaks; the others follow with their crosshair.
						const own = plot.cursor.event !== undefined && plot.over.matches(':hover');
						const day = index === null || index === undefined ? undefined : plot.data[0][index];
						options.onpointer(
							day !== undefined && own && left >= 0 ? { index: day, left: left + plot.over.offsetLeft, top } : null
						);
					}
				]
			}
		},
		[indexes, ...columns],
		element
	);

	function strokeOf(layer: Layer | undefined): string {
		if (!layer || layer.kind === 'comparison') return colour('comparison');
		return colour(`series-${layer.colour}`);
	}

	function seriesOf(layer: Layer): uPlot.Series {
		const stroke = strokeOf(layer);
		const certain = layer.kind === 'solid' || layer.kind === 'light';
		const filled = certain && isArea(model()) && model().series.length === 1;
		return {
			stroke,
			width: layer.kind === 'comparison' ? 1 : 2,
			alpha: layer.kind === 'light' ? 0.5 : 1,
			dash: layer.kind === 'dashed' ? [4, 4] : undefined,
			fill: filled ? `color-mix(in srgb, ${stroke} 12%, transparent)` : undefined,
			spanGaps: false,
			points: {
				show: true,
				size: 5,
				fill: stroke,
				filter: (plot, index) => lonelyPoints([...(plot.data[index] ?? [])].map((value) => value ?? null))
			}
		};
	}
}

/** New numbers into an old plot; the layers must be the same. */
export function refill(plot: uPlot, model: ChartModel): void {
	const { indexes, columns } = columnsOf(model);
	plot.setData([indexes, ...columns]);
}

/** Whether the values are amounts of a day, so that the area below them means something. */
function isArea(model: ChartModel): boolean {
	return model.aggregation === 'sum';
}

function scaleOf(model: ChartModel): ValueScale {
	const values = model.series.flatMap((one) => [
		...one.values,
		...(model.series.length === 1 ? (one.comparison ?? []) : [])
	]);
	const whole = model.style.unit === 'count' || model.style.unit === 'bytes' || model.style.unit === 'money';
	return valueScale(values, { zeroBased: isArea(model), whole });
}

/** Hatches days that were not fetched and strikes out those that failed. */
function drawMarks(plot: uPlot, model: ChartModel, missing: string, failed: string): void {
	const { ctx, bbox } = plot;
	dayMarks(model.series, model.length).forEach((mark, index) => {
		if (mark === null) return;
		const left = plot.valToPos(index - 0.5, 'x', true);
		const width = plot.valToPos(index + 0.5, 'x', true) - left;
		ctx.save();
		ctx.beginPath();
		ctx.rect(left, bbox.top, width, bbox.height);
		ctx.clip();
		ctx.strokeStyle = mark === 'failed' ? failed : missing;
		ctx.lineWidth = devicePixelRatio;
		ctx.globalAlpha = mark === 'failed' ? 0.6 : 0.35;
		ctx.beginPath();
		const gap = 7 * devicePixelRatio;
		// Lines of one lattice over the whole plot, so that neighbouring days make one hatch.
		const first = Math.floor((left - bbox.height) / gap) * gap;
		for (let x = first; x < left + width; x += gap) {
			ctx.moveTo(x, bbox.top + bbox.height);
			ctx.lineTo(x + bbox.height, bbox.top);
			if (mark === 'failed') {
				ctx.moveTo(x, bbox.top);
				ctx.lineTo(x + bbox.height, bbox.top + bbox.height);
			}
		}
		ctx.stroke();
		ctx.restore();
	});
}

function lineEnds(plot: uPlot, model: ChartModel): LineEnd[] {
	if (model.series.length < 2) return [];
	return model.series.flatMap((series) => {
		// Today is low because it is young: the label stands where the line was before.
		const value = series.values.findLast((one, index) => one !== null && series.dayStates[index] !== 'partial');
		return value === undefined || value === null
			? []
			: [{ id: series.id, top: plot.valToPos(value, 'y') + plot.over.offsetTop }];
	});
}
