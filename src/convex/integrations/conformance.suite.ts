/**
 * What every integration promises, put to the test on a fake of its service. The maker writes the fake of a service
 * that works; faults are added here. Use: `<id>.conformance.test.ts` beside this file.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Point } from '../../lib/metrics/types.ts';
import { integrationRegistry } from '../../lib/server/integrations/registry.ts';
import { dayOf } from '../../lib/metrics/zones.ts';
import type { Json, MetricsPage, MissingMetric, TestResult } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import type { ErrorKind } from '../lib/errors.ts';
import { createHttpClient } from '../lib/http.ts';
import { fixedBearer } from '../lib/tokens.ts';
import { startFake } from './fake.suite.ts';
import type { Answer, FakeService, Fault, Respond } from './fake.suite.ts';
import { expectWellFormed, keyOf, sorted } from './points.suite.ts';

export interface Subject {
	readonly id: string;
	/** The service in good health over a data set of `size` items, asking for the credentials; null calls nobody. */
	readonly fake: ((size: number) => Respond) | null;
	/** Items of a full page; the data set is tried with 0, 1, this many, and one more. */
	readonly pageSize: number;
	/**
	 * What a person pastes. One value holds `secret`; a self-hosted service gets the fake's URL. Where people sign in,
	 * it is nothing, and `secret` is the access token.
	 */
	readonly credentials: (url: string) => Readonly<Record<string, string>>;
	/** The secret planted in the credentials; null when there are none. */
	readonly secret: string | null;
	/** Whether the base URL is a field of the credentials, rather than replaced by the operator. */
	readonly selfHosted?: boolean;
	readonly settings: Readonly<Record<string, unknown>>;
	/** The clock, and the days asked for; the last is the day of the clock. */
	readonly now: number;
	readonly startDate: string;
	readonly timeZone: string;
	/** Whether an empty data set means that nothing was measured, so that no day has a value; else it may mean 0. */
	readonly silentWhenEmpty?: boolean;
	/** For a metric that counts the items: the sum of its values over a data set of `size`, worked out by hand. */
	readonly total?: { readonly metricId: string; readonly of: (size: number) => number };
}

interface Outcome {
	readonly points: readonly Point[];
	readonly pages: readonly MetricsPage[];
	readonly missing: readonly MissingMetric[];
	readonly error: IntegrationError | null;
	readonly slept: number;
}

const ALWAYS =
	(answer: Answer): Fault =>
	() =>
		answer;

/** Bodies with status 200 that are not the answer. */
const NONSENSE: Readonly<Record<string, Answer>> = {
	'broken JSON': { headers: { 'content-type': 'application/json' }, body: '{"data": [' },
	'a login page': {
		headers: { 'content-type': 'text/html' },
		body: '<!doctype html><html><title>Log in</title></html>'
	},
	null: { body: null },
	'an empty list': { body: [] },
	'a number': { body: 7 }
};

export function conformance(subject: Subject): void {
	const integration = integrationRegistry.get(subject.id);
	const groups = Map.groupBy(integration.metrics, (metric) => metric.group);
	const endDate = dayOf(subject.now, subject.timeZone);
	const settings = integration.settings.parse(subject.settings);
	let service: FakeService | null = null;

	function context(url: string | null, sleeps: number[] = [], names: string[] = []) {
		const http = createHttpClient({
			integrationId: subject.id,
			baseUrl: url ?? undefined,
			allowedHosts: url === null ? [] : null,
			allowPrivate: true,
			secrets: subject.secret === null || integration.oauthProvider ? [] : [subject.secret],
			bearer: integration.oauthProvider && subject.secret !== null ? fixedBearer(subject.secret) : undefined,
			now: () => subject.now,
			random: () => 0.5,
			sleep: async (ms) => void sleeps.push(ms),
			resolve: async (name) => {
				names.push(name);
				throw new Error('The name of another host was looked up');
			}
		});
		return { http, baseUrl: subject.selfHosted ? null : url, now: () => subject.now };
	}

	const credentialsFor = (url: string | null) => integration.credentials.parse(subject.credentials(url ?? ''));

	async function read(group: string, fake: FakeService | null, checkpoint: Json = null): Promise<Outcome> {
		const metrics = groups.get(group) ?? [];
		const onlyNow = metrics.every((metric) => metric.source === 'snapshot');
		const sleeps: number[] = [];
		const names: string[] = [];
		const request = {
			...context(fake?.url ?? null, sleeps, names),
			metricIds: metrics.map((metric) => metric.id),
			startDate: onlyNow ? endDate : subject.startDate,
			endDate,
			timeZone: subject.timeZone,
			settings,
			checkpoint
		};
		const pages: MetricsPage[] = [];
		let error: IntegrationError | null = null;
		try {
			for await (const page of integration.fetchMetrics(credentialsFor(fake?.url ?? null), request)) pages.push(page);
		} catch (thrown) {
			if (!(thrown instanceof IntegrationError)) throw thrown;
			error = thrown;
		}
		expect(names, 'looks up no host but the service').toEqual([]);
		const outcome = {
			pages,
			error,
			points: pages.flatMap((page) => page.points),
			missing: pages.flatMap((page) => page.missing ?? []),
			slept: sleeps.reduce((sum, ms) => sum + ms, 0)
		};
		expectNoSecret(outcome);
		return outcome;
	}

	function expectNoSecret(value: unknown): void {
		if (subject.secret === null) return;
		const errors: string[] = [];
		const text = JSON.stringify(value, (_key, inner: unknown) => {
			if (inner instanceof Error)
				errors.push(inner.message, inner.stack ?? '', String(inner.cause), JSON.stringify({ ...inner }));
			return inner;
		});
		expect([text, ...errors].join('\n')).not.toContain(subject.secret);
	}

	function live(): FakeService {
		if (service === null) throw new Error('This test needs a fake.');
		return service;
	}

	async function test(fault?: Fault, chosen?: typeof settings): Promise<TestResult> {
		service?.reset(fault);
		const url = service?.url ?? null;
		const result = await integration.testConnection(credentialsFor(url), { ...context(url), settings: chosen });
		expectNoSecret(result);
		return result;
	}

	/** The failures of a fetch: thrown, or named as missing. */
	function kinds({ error, missing }: Outcome): Set<ErrorKind> {
		return new Set([...missing.map(({ kind }) => kind), ...(error === null ? [] : [error.kind])]);
	}

	describe(`${subject.id} conforms`, () => {
		beforeAll(async () => {
			if (subject.fake !== null) service = await startFake(subject.fake(subject.pageSize + 1));
		});
		afterAll(() => service?.close());

		it.each([
			['before anything is chosen', undefined],
			['with what is chosen', settings]
		])('connects and says to whom, %s', async (_when, chosen) => {
			const result = await test(undefined, chosen);
			expect(result).toMatchObject({
				success: true,
				accountInfo: { id: expect.stringMatching(/./), name: expect.stringMatching(/./) }
			});
		});

		for (const [group, metrics] of groups) {
			describe(group, () => {
				it('gives points of the asked metrics and days, each once and well formed', async () => {
					service?.reset();
					const { points, error, missing } = await read(group, service);
					expect({ error, missing }).toEqual({ error: null, missing: [] });
					expect(points.length).toBeGreaterThan(0);
					expectWellFormed(points, metrics, subject.startDate, endDate);
				});

				it('gives the same points when resumed from any checkpoint, with growing progress', async () => {
					service?.reset();
					const whole = await read(group, service);
					for (const [index, { checkpoint }] of whole.pages.entries()) {
						const before = whole.pages.slice(0, index + 1).flatMap((page) => page.points);
						const stored: Json = JSON.parse(JSON.stringify(checkpoint));
						const after = await read(group, service, stored);
						expect(after.error).toBeNull();
						expect(sorted([...before, ...after.points]), `from page ${index + 1}`).toEqual(sorted(whole.points));
					}
					const progress = whole.pages.map((page) => page.progress);
					expect(progress).toEqual(progress.toSorted((a, b) => a - b));
					expect(progress.at(-1)).toBeCloseTo(1);
				});

				if (subject.fake !== null) faults(group);
			});
		}

		if (subject.fake !== null) {
			paging(subject.fake);
			connectionFaults();
		}
	});

	function faults(group: string): void {
		const echo = () => `The key ${subject.secret} (${encodeURIComponent(subject.secret ?? '')}) is refused`;

		it('tells a refused key (401) and ends', async () => {
			live().reset(ALWAYS({ status: 401, body: { message: echo() } }));
			const { error, points } = await read(group, live());
			expect(error?.kind).toBe('auth');
			expect(points).toEqual([]);
		});

		it.each([
			[403, 'permission'],
			[404, 'not_found']
		] as const)('tells %i and gives no points', async (status, kind) => {
			live().reset(ALWAYS({ status, body: { message: echo() } }));
			const outcome = await read(group, live());
			expect(kinds(outcome)).toEqual(new Set([kind]));
			expect(outcome.points).toEqual([]);
		});

		it('says until when a long rate limit lasts, and does not hammer', async () => {
			live().reset(ALWAYS({ status: 429, headers: { 'retry-after': '120' }, body: { message: 'slow down' } }));
			const { error, slept } = await read(group, live());
			expect(error?.kind).toBe('rate_limited');
			expect(error?.details.retryAt).toBe(subject.now + 120_000);
			expect(slept).toBe(0);
			expect(live().requests).toHaveLength(1);
		});

		it('gives up on a rate limit without an end after a few tries', async () => {
			live().reset(ALWAYS({ status: 429, body: 'Retry later' }));
			const { error } = await read(group, live());
			expect(error?.kind).toBe('rate_limited');
			expect(error?.details.retryAt).toBeGreaterThan(subject.now);
			expect(live().requests.length).toBeLessThanOrEqual(5);
		});

		it.each([
			['a short rate limit', { status: 429, headers: { 'retry-after': '2' }, body: '' }, 2_000],
			['a burst of 500', { status: 500, body: 'oops' }, 1],
			['a burst of 503', { status: 503, body: '<html>maintenance</html>' }, 1]
		] as const)('gets over %s', async (_name, answer, wait) => {
			live().reset();
			const good = await read(group, live());
			live().reset((_request, nth) => (nth <= 2 ? answer : null));
			const { points, error, slept } = await read(group, live());
			expect(error).toBeNull();
			expect(sorted(points)).toEqual(sorted(good.points));
			expect(slept).toBeGreaterThanOrEqual(wait);
		});

		it('tells a service that stays broken (500)', async () => {
			live().reset(ALWAYS({ status: 500, body: echo() }));
			const { error, points } = await read(group, live());
			expect(error?.kind).toBe('unreachable');
			expect(points).toEqual([]);
			expect(live().requests.length).toBeLessThanOrEqual(5);
		});

		it.each(Object.entries(NONSENSE))('makes nothing of %s, whichever answer it is', async (_name, answer) => {
			live().reset();
			const good = await read(group, live());
			const requests = live().requests.length;
			const known = new Map(good.points.map((point) => [keyOf(point), point]));
			for (let nth = 1; nth <= Math.min(requests, 8); nth++) {
				live().reset((_request, count) => (count === nth ? answer : null));
				const outcome = await read(group, live());
				if (sameAsGood(live().requests[nth - 1], answer)) continue;
				expect(kinds(outcome), `request ${nth}`).toEqual(new Set(['bad_response']));
				for (const point of outcome.points) expect(point).toEqual(known.get(keyOf(point)));
			}
		});
	}

	/** An empty list is what a list answers when there is nothing: not nonsense where the service itself says so. */
	function sameAsGood(request: Parameters<Respond>[0] | undefined, answer: Answer): boolean {
		if (request === undefined || subject.fake === null || !Array.isArray(answer.body)) return false;
		return Array.isArray(subject.fake(subject.pageSize + 1)(request).body);
	}

	function paging(fake: (size: number) => Respond): void {
		const { total, pageSize } = subject;
		it.each([0, 1, pageSize, pageSize + 1])('reads a data set of %i items to the end', async (size) => {
			const sized = await startFake(fake(size));
			try {
				for (const [group, metrics] of groups) {
					const { points, error, missing } = await read(group, sized);
					expect({ group, error, missing }).toEqual({ group, error: null, missing: [] });
					expectWellFormed(points, metrics, subject.startDate, endDate);
					if (size === 0 && subject.silentWhenEmpty) expect(points.filter((point) => point.value !== null)).toEqual([]);
					if (total === undefined || !metrics.some((metric) => metric.id === total.metricId)) continue;
					const counted = points.filter((point) => point.metricId === total.metricId);
					expect(counted.reduce((sum, point) => sum + (point.value ?? 0), 0)).toBe(total.of(size));
				}
			} finally {
				await sized.close();
			}
		});
	}

	function connectionFaults(): void {
		it.each([
			[401, 'auth'],
			[403, 'permission'],
			[404, 'not_found'],
			[429, 'rate_limited'],
			[500, 'unreachable']
		] as const)('tells the person who connects about %i', async (status, kind) => {
			const body = { message: `key ${subject.secret}` };
			const headers: Record<string, string> = status === 429 ? { 'retry-after': '120' } : {};
			for (const chosen of [undefined, settings])
				expect(await test(ALWAYS({ status, headers, body }), chosen)).toMatchObject({ success: false, kind });
		});

		it.each(Object.entries(NONSENSE))('tells the person who connects about %s', async (_name, answer) => {
			expect(await test(ALWAYS(answer))).toMatchObject({ success: false, kind: 'bad_response' });
		});
	}
}
