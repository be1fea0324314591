/** A slice read in steps, one group of metrics after another; a refused step is named and the next one goes on. */
import { z } from 'zod';
import type { Point } from '../../lib/metrics/types.ts';
import type { Json, MetricsPage, MissingMetric } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import type { ErrorKind } from '../lib/errors.ts';

export interface StepPage {
	readonly points: readonly Point[];
	/** Where to resume inside this step; undefined when it is done. */
	readonly state: Json | undefined;
	/** 0..1 of this step. */
	readonly fraction: number;
	readonly missing?: readonly MissingMetric[];
}

export interface Step {
	readonly metricIds: readonly string[];
	/** What the service asks of the credentials for this step, in its own words. */
	readonly permission: string;
	/** Reads on from `state`, null at the beginning. */
	readonly read: (state: Json) => AsyncIterable<StepPage>;
}

const checkpointSchema = z.object({ step: z.number().int().nonnegative(), state: z.json() });

/**
 * Reads the steps in order, from the checkpoint on, and yields only what was wanted. A step that the service refuses
 * (`permission`, `not_found`) ends with its metrics missing; any other IntegrationError ends the run.
 */
export async function* walkSteps(
	steps: readonly Step[],
	wanted: ReadonlySet<string>,
	checkpoint: Json
): AsyncIterable<MetricsPage> {
	const begin = checkpoint === null ? { step: 0, state: null } : resume(checkpointSchema, checkpoint);
	for (const [index, step] of steps.entries()) {
		if (index < begin.step) continue;
		const state: Json = index === begin.step ? begin.state : null;
		for await (const page of readStep(step, state)) {
			const done = page.state === undefined;
			yield {
				points: page.points.filter(({ metricId }) => wanted.has(metricId)),
				checkpoint: { step: done ? index + 1 : index, state: page.state ?? null },
				progress: (index + page.fraction) / steps.length,
				missing: page.missing?.filter(({ metricId }) => wanted.has(metricId))
			};
		}
	}
}

async function* readStep(step: Step, state: Json): AsyncIterable<StepPage> {
	try {
		yield* step.read(state);
	} catch (error) {
		if (!isRefusal(error)) throw error;
		const { kind } = error;
		const denied = kind === 'permission';
		const message = denied ? `${error.message} Give it "${step.permission}".` : error.message;
		const missingScopes = denied ? [step.permission] : undefined;
		const missing = step.metricIds.map((metricId) => ({ metricId, kind, message, missingScopes }));
		yield { points: [], state: undefined, fraction: 1, missing };
	}
}

/** Whether the failure concerns one resource, so that the rest can go on. */
export function isRefusal(error: unknown): error is IntegrationError {
	const refused: readonly ErrorKind[] = ['permission', 'not_found'];
	return error instanceof IntegrationError && refused.includes(error.kind);
}

/** The state a page left behind; throws `bad_response` when it has another shape (stored by another version). */
export function resume<Schema extends z.ZodType>(schema: Schema, state: Json): z.infer<Schema> {
	const parsed = schema.safeParse(state);
	if (!parsed.success) {
		throw new IntegrationError('bad_response', 'The place to resume from is not readable; the next sync starts over.');
	}
	return parsed.data;
}
