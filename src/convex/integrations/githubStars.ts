/** Stars of a repository: the level of every day, worked back from today's count by the stars added since. */
import { z } from 'zod';
import { addDays, dayFromNumber, dayNumber, eachDay } from '../../lib/metrics/days.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import type { Json } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { GITHUB_PERMISSIONS } from './githubApi.ts';
import { countPoint, timestampDay } from './githubReaders.ts';
import type { ReaderJob } from './githubReaders.ts';
import { isRefusal, resume } from './steps.ts';
import type { StepPage } from './steps.ts';

/** GitHub gives at most 30 weeks a page, newest first. */
const WEEKS_PER_PAGE = 30;
const DAY_SECONDS = 86_400;

const repository = z.object({ stargazers_count: z.number().int(), created_at: z.string() });
const history = z.array(z.object({ week: z.number().int(), days: z.array(z.number().int()).max(7) }));
const stateSchema = z.object({ page: z.number(), level: z.number(), cursor: z.string(), created: z.string() });
type State = z.infer<typeof stateSchema>;

/**
 * Yields `github.stars` and `github.new_stars`, newest day first.
 * The history tells stars added, never stars taken back: the level of a past day is therefore a lower bound, exact
 * where nobody took a star back since. Days for which it would fall below zero stay unknown.
 * Costs one request for the count and one for every 210 days.
 */
export async function* readStars(job: ReaderJob, saved: Json): AsyncIterable<StepPage> {
	const { api, today } = job;
	let state: State;
	if (saved === null) {
		const { body } = await api.get(api.address(`/repos/${job.repository}`), repository, job.repository);
		state = { page: 1, level: body.stargazers_count, cursor: today, created: timestampDay(body.created_at) };
	} else {
		state = resume(stateSchema, saved);
	}
	const floor = job.startDate > state.created ? job.startDate : state.created;
	while (state.cursor >= floor) {
		let added: ReadonlyMap<Day, number>;
		try {
			added = await historyPage(job, state.page);
		} catch (error) {
			if (!isRefusal(error)) throw error;
			yield historyRefused(job, state, error);
			return;
		}
		// An empty page is the end of the history: nobody added a star before.
		const oldest = added.size === 0 ? floor : [...added.keys()].reduce((a, b) => (a < b ? a : b));
		if (oldest > state.cursor) {
			throw new IntegrationError('bad_response', `GitHub repeated a page of the star history of ${job.repository}.`);
		}
		const { points, level } = workBack(job, state, oldest > floor ? oldest : floor, added);
		state = { ...state, page: state.page + 1, level, cursor: addDays(oldest, -1) };
		const done = state.cursor < floor;
		const all = Math.max(1, dayNumber(today) - dayNumber(floor) + 1);
		const fraction = done ? 1 : (dayNumber(today) - dayNumber(state.cursor)) / all;
		yield { points, state: done ? undefined : { ...state }, fraction };
	}
}

/** Stars added by day on one page of the history. */
async function historyPage(job: ReaderJob, page: number): Promise<ReadonlyMap<Day, number>> {
	const path = `/repos/${job.repository}/stargazers/history`;
	const address = job.api.address(path, { per_page: WEEKS_PER_PAGE, page });
	const { body } = await job.api.get(address, history, `the star history of ${job.repository}`);
	const added = new Map<Day, number>();
	for (const { week, days } of body) {
		for (const [index, count] of days.entries()) added.set(dayFromNumber(week / DAY_SECONDS + index), count);
	}
	return added;
}

/** Points from the state's day down to `oldest`, and the level on the evening before `oldest`. */
function workBack(job: ReaderJob, state: State, oldest: Day, added: ReadonlyMap<Day, number>) {
	const points: Point[] = [];
	let { level } = state;
	for (const day of eachDay(oldest, state.cursor).reverse()) {
		const gained = added.get(day) ?? 0;
		if (day <= job.endDate) {
			if (level >= 0) points.push(countPoint(job, 'github.stars', day, level));
			points.push(countPoint(job, 'github.new_stars', day, gained));
		}
		level -= gained;
	}
	return { points, level };
}

/** Without the history only today's count is known; the past stays unknown. */
function historyRefused(job: ReaderJob, state: State, error: IntegrationError): StepPage {
	const knowsToday = state.cursor === job.today && job.endDate === job.today;
	return {
		points: knowsToday ? [countPoint(job, 'github.stars', job.today, state.level)] : [],
		state: undefined,
		fraction: 1,
		missing: [
			{
				metricId: 'github.new_stars',
				kind: error.kind,
				message: `${error.message} The count of stars is collected from today on.`,
				missingScopes: error.kind === 'permission' ? [GITHUB_PERMISSIONS.metadata] : undefined
			}
		]
	};
}
