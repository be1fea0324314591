/** Issues, pull requests and releases counted by day from GitHub's lists. */
import { z } from 'zod';
import { dayStartMs } from '../../lib/metrics/zones.ts';
import { eachDay } from '../../lib/metrics/days.ts';
import type { Json, MissingMetric } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { packNumbers, unpackNumbers } from './numberSet.ts';
import { countDay, countPoint, noCounts, timestampDay, timestampMs } from './githubReaders.ts';
import type { Reader, ReaderJob } from './githubReaders.ts';
import { resume } from './steps.ts';
import type { StepPage } from './steps.ts';

const PER_PAGE = 100;
/** Letters of the packed numbers that fit into a checkpoint: some 200,000 numbers that lie close. */
const MAX_SEEN_LENGTH = 36_000;
/** How far our clock and GitHub's may differ. */
const CLOCK_MARGIN_MS = 5 * 60_000;

const item = z.object({
	number: z.number().int(),
	created_at: z.string(),
	updated_at: z.string(),
	closed_at: z.string().nullish(),
	merged_at: z.string().nullish(),
	/** Present when an entry of the issue list is in truth a pull request. */
	pull_request: z.unknown().optional()
});
const items = z.array(item);
type Item = z.infer<typeof item>;

const counts = z.array(z.number());
const listState = z.object({
	next: z.string(),
	pages: z.number(),
	/** The list is read a second time, down to the moment the reading began. */
	sweeping: z.boolean(),
	begun: z.number(),
	/** Numbers of the entries counted so far, packed. */
	seen: z.string(),
	opened: counts,
	ended: counts
});
type ListState = z.infer<typeof listState>;

interface ListKind {
	readonly path: 'issues' | 'pulls';
	readonly subject: string;
	readonly openedMetric: string;
	readonly endedMetric: string;
	readonly counts: (item: Item) => boolean;
	readonly endedAt: (item: Item) => string | null | undefined;
}

/** `github.issues_opened` and `github.issues_closed`; pull requests in the issue list are left out. */
export const readIssues: Reader = (job, state) =>
	readList(job, state, {
		path: 'issues',
		subject: 'the issues',
		openedMetric: 'github.issues_opened',
		endedMetric: 'github.issues_closed',
		counts: ({ pull_request }) => pull_request === undefined || pull_request === null,
		endedAt: ({ closed_at }) => closed_at
	});

/** `github.pull_requests_opened` and `github.pull_requests_merged`. */
export const readPulls: Reader = (job, state) =>
	readList(job, state, {
		path: 'pulls',
		subject: 'the pull requests',
		openedMetric: 'github.pull_requests_opened',
		endedMetric: 'github.pull_requests_merged',
		counts: () => true,
		endedAt: ({ merged_at }) => merged_at
	});

/**
 * Reads the list by last change, newest first, until what was last changed before the range: whatever opened or
 * ended in the range was changed in it or later. An entry that changes while we read jumps to the front, unread;
 * so after the last page the front is read again, down to the moment the reading began. Entries are told apart by
 * number, which makes the counts independent of how the list shifts under the reader.
 * Costs one request for every hundred entries changed since the first day wanted.
 */
async function* readList(job: ReaderJob, saved: Json, kind: ListKind): AsyncIterable<StepPage> {
	const front = job.api.address(`/repos/${job.repository}/${kind.path}`, {
		state: 'all',
		sort: 'updated',
		direction: 'desc',
		per_page: PER_PAGE
	});
	const state: ListState =
		saved === null
			? {
					next: front,
					pages: 0,
					sweeping: false,
					begun: job.now,
					seen: packNumbers(new Set()),
					opened: noCounts(job),
					ended: noCounts(job)
				}
			: resume(listState, saved);
	const seen = unpackNumbers(state.seen) ?? lost();
	const rangeStart = dayStartMs(job.startDate, 'UTC');
	for (;;) {
		const { body, next } = await job.api.get(state.next, items, `${kind.subject} of ${job.repository}`);
		state.pages += 1;
		const bound = state.sweeping ? Math.max(rangeStart, state.begun - CLOCK_MARGIN_MS) : rangeStart;
		const recent = body.filter(({ updated_at }) => timestampMs(updated_at) >= bound);
		for (const entry of recent) {
			if (seen.has(entry.number)) continue;
			seen.add(entry.number);
			if (!kind.counts(entry)) continue;
			const endedAt = kind.endedAt(entry);
			countDay(state.opened, job, timestampDay(entry.created_at));
			if (endedAt) countDay(state.ended, job, timestampDay(endedAt));
		}
		const atEnd = next === null || recent.length < body.length;
		if (atEnd && (state.sweeping || state.pages === 1)) break;
		state.seen = packNumbers(seen);
		if (state.seen.length > MAX_SEEN_LENGTH) {
			yield { points: [], state: undefined, fraction: 1, missing: tooMany(job, kind) };
			return;
		}
		state.sweeping ||= atEnd;
		state.next = next === null || atEnd ? front : next;
		yield { points: [], state: structuredClone(state), fraction: 1 - 1 / (state.pages + 1) };
	}
	const points = eachDay(job.startDate, job.endDate).flatMap((day, index) => [
		countPoint(job, kind.openedMetric, day, state.opened[index] ?? 0),
		countPoint(job, kind.endedMetric, day, state.ended[index] ?? 0)
	]);
	yield { points, state: undefined, fraction: 1 };
}

/** A damaged checkpoint must not count an entry twice. */
function lost(): never {
	throw new IntegrationError('bad_response', 'The place to resume from is not readable; the next sync starts over.');
}

function tooMany(job: ReaderJob, kind: ListKind): MissingMetric[] {
	const message = `More of ${kind.subject} of ${job.repository} changed in this period than can be counted exactly.`;
	return [kind.openedMetric, kind.endedMetric].map((metricId) => ({ metricId, kind: 'config', message }));
}

const releases = z.array(z.object({ published_at: z.string().nullish(), draft: z.boolean().nullish() }));
const releaseState = z.object({ next: z.string(), pages: z.number(), published: counts });

/**
 * `github.releases`: releases by the day they were published; drafts are left out. The list is in order of creation,
 * a release may be published much later, so all of it is read: one request for every hundred releases.
 */
export const readReleases: Reader = async function* (job, saved) {
	const state =
		saved === null
			? {
					next: job.api.address(`/repos/${job.repository}/releases`, { per_page: PER_PAGE }),
					pages: 0,
					published: noCounts(job)
				}
			: resume(releaseState, saved);
	for (;;) {
		const { body, next } = await job.api.get(state.next, releases, `the releases of ${job.repository}`);
		for (const { published_at, draft } of body) {
			if (published_at && draft !== true) countDay(state.published, job, timestampDay(published_at));
		}
		if (next === null) break;
		state.next = next;
		state.pages += 1;
		yield { points: [], state: structuredClone(state), fraction: 1 - 1 / (state.pages + 1) };
	}
	const { published } = state;
	const points = eachDay(job.startDate, job.endDate).map((day, index) =>
		countPoint(job, 'github.releases', day, published[index] ?? 0)
	);
	yield { points, state: undefined, fraction: 1 };
};
