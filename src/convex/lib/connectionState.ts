/**
 * What a connection is, said in one word and one sentence.
 *
 *                   connect                        run ends
 *   (nothing) ───────────────▶ syncing ─┬─ all there ────────▶ connected
 *                                ▲  ▲   ├─ metrics missing ──▶ degraded
 *            due, or Sync now    │  │   ├─ quota used up ────▶ waiting
 *   connected, degraded, ────────┘  │   ├─ other failure ────▶ failing
 *   waiting, failing                │   ├─ auth ─────────────▶ needs_reauth (no more runs by itself)
 *                 new credentials   │   └─ cancelled ────────▶ as before
 *   needs_reauth ───────────────────┘
 *   any ── pause ──▶ paused ── resume ──▶ as before, due at once
 *   any ── disconnect ──▶ disconnected ── connect the same account again ──▶ syncing
 *
 * A run that waits to try a slice again shows as `waiting` (quota) or `failing` (anything else) meanwhile.
 */
import type { Doc } from '../_generated/dataModel.js';
import type { ConnectionState } from './validators.ts';

export interface StateView {
	readonly state: ConnectionState;
	readonly sentence: string;
	/** When the state began. */
	readonly since: number;
	readonly retryAt: number | null;
}

type Stored = Pick<
	Doc<'connections'>,
	'condition' | 'sentence' | 'since' | 'paused' | 'disconnectedAt' | 'retryAt' | 'lastSuccessAt'
>;
type ActiveRun = Pick<Doc<'syncRuns'>, 'startedAt' | 'retryAt' | 'errorKind' | 'sentence'>;

/** State, sentence and times of a connection, given its active run if there is one. */
export function stateOf(connection: Stored, run: ActiveRun | null): StateView {
	const { disconnectedAt, since } = connection;
	if (disconnectedAt !== null) {
		const sentence = 'Disconnected. What was fetched before is kept; connect the same account again to go on.';
		return { state: 'disconnected', sentence, since: disconnectedAt, retryAt: null };
	}
	if (run?.retryAt) {
		const state = run.errorKind === 'rate_limited' ? 'waiting' : 'failing';
		const sentence = run.sentence ?? 'The service did not answer as it should. The sync goes on by itself.';
		return { state, sentence, since: run.startedAt, retryAt: run.retryAt };
	}
	if (run) return { state: 'syncing', sentence: 'Fetching data now.', since: run.startedAt, retryAt: null };
	if (connection.condition === 'needs_reauth') {
		const sentence = connection.sentence ?? 'The service refused the credentials. Enter new ones.';
		return { state: 'needs_reauth', sentence, since, retryAt: null };
	}
	if (connection.paused) {
		return { state: 'paused', sentence: 'Paused. Nothing is fetched until you resume it.', since, retryAt: null };
	}
	return {
		state: connection.condition,
		sentence: connection.sentence ?? (connection.lastSuccessAt === null ? 'Not synced yet.' : 'Up to date.'),
		since,
		retryAt: connection.retryAt
	};
}
