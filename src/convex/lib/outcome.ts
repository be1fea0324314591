/** How a run ended and what that makes of its connection: the arrows of the diagrams in runs.ts and connectionState.ts. */
import { metricDefinition } from '../../lib/config/integrations.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { ErrorKind } from './errors.ts';

/** Why a run ends before every slice has had its turn. */
export type Ending =
	| { readonly state: 'cancelled' }
	| { readonly state: 'failed'; readonly kind: ErrorKind; readonly message: string; readonly retryAt: number | null };

export interface OutcomeInput {
	readonly run: Doc<'syncRuns'>;
	readonly connection: Doc<'connections'> | null;
	readonly ending: Ending | null;
	/** Whether the connection has ever brought a value. */
	readonly holdsSeries: boolean;
	readonly now: number;
	/** 0..1: spreads the next syncs, so that connections made together do not call together. */
	readonly random: number;
}

export interface Outcome {
	readonly run: Pick<Doc<'syncRuns'>, 'state' | 'errorKind' | 'sentence'>;
	readonly connection: Partial<Doc<'connections'>> | null;
}

const MINUTE_MS = 60_000;
const FIRST_RETRY_MS = 5 * MINUTE_MS;
const NOTHING_CAME =
	'The service answered but sent no values, although it did before. Check that the account still has data and that the credentials may read it.';

/** The ended run's fields, and those of its connection (null when that is gone). */
export function outcomeOf(input: OutcomeInput): Outcome {
	const result = resultOf(input);
	const { connection, run, now } = input;
	if (!connection) return { run: result, connection: null };
	const ended = { activeRunId: null, nextSyncAt: nextSync(input, result) };
	if (result.state === 'cancelled') return { run: result, connection: ended };
	if (result.state === 'failed') {
		const retryAt = input.ending?.state === 'failed' ? input.ending.retryAt : null;
		const condition =
			result.errorKind === 'auth' ? 'needs_reauth' : result.errorKind === 'rate_limited' ? 'waiting' : 'failing';
		const failed = { condition, sentence: result.sentence, failures: connection.failures + 1, retryAt } as const;
		return { run: result, connection: { ...ended, ...failed, since: sinceOf(connection, condition, now) } };
	}
	const condition = result.state === 'succeeded' ? 'connected' : 'degraded';
	const fine = { condition, sentence: result.sentence, failures: 0, retryAt: null, missing: run.missing } as const;
	const since = sinceOf(connection, condition, now);
	return { run: result, connection: { ...ended, ...fine, since, lastSuccessAt: now } };
}

function resultOf({ run, ending, holdsSeries }: OutcomeInput): Outcome['run'] {
	if (ending?.state === 'cancelled') {
		return { state: 'cancelled', errorKind: null, sentence: 'Cancelled. What was fetched until then is kept.' };
	}
	if (ending) return { state: 'failed', errorKind: ending.kind, sentence: ending.message };
	const touched = run.inserted + run.updated + run.unchanged;
	const [first] = run.missing;
	if (first && touched === 0) return { state: 'failed', errorKind: first.kind, sentence: first.message };
	if (first) return { state: 'partial', errorKind: first.kind, sentence: missingSentence(run) };
	if (touched === 0 && holdsSeries) return { state: 'partial', errorKind: 'bad_response', sentence: NOTHING_CAME };
	return { state: 'succeeded', errorKind: null, sentence: null };
}

function missingSentence({ missing }: Doc<'syncRuns'>): string {
	const [first] = missing;
	const others = new Set(missing.map((one) => one.metricId)).size - 1;
	const name = first && (metricDefinition(first.metricId)?.name ?? first.metricId);
	const rest = others > 0 ? ` ${others} more ${others === 1 ? 'metric is' : 'metrics are'} missing too.` : '';
	return `${name} could not be brought up to date: ${first?.message}${rest}`;
}

/** null: not by itself. After failures sooner than the schedule says, then ever later up to it. */
function nextSync({ connection, ending, now, random }: OutcomeInput, result: Outcome['run']): number | null {
	if (!connection || connection.paused || connection.disconnectedAt !== null) return null;
	const refused = result.state === 'failed' ? result.errorKind === 'auth' : connection.condition === 'needs_reauth';
	if (refused && result.state !== 'succeeded' && result.state !== 'partial') return null;
	const every = connection.syncEveryMinutes * MINUTE_MS;
	if (result.state !== 'failed') return Math.round(now + every * (1 + (random - 0.5) / 10));
	if (ending?.state === 'failed' && ending.retryAt !== null) return Math.max(ending.retryAt, now);
	return Math.round(now + Math.min(every, FIRST_RETRY_MS * 2 ** connection.failures) * (1 + random / 10));
}

function sinceOf(connection: Doc<'connections'>, condition: Doc<'connections'>['condition'], now: number): number {
	return connection.condition === condition ? connection.since : now;
}
