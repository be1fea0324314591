'use node';
/**
 * The sync function: takes one slice, fetches it page by page and commits each page. What to fetch was decided in
 * lib/plan.ts; what becomes of failures is decided in slices.ts. This action may die at any point (see lib/runs.ts).
 */
import { v } from 'convex/values';
import type { FunctionReturnType } from 'convex/server';
import { integrations } from '../lib/server/integrations/index.ts';
import type { Point } from '../lib/metrics/types.ts';
import { internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { internalAction } from './_generated/server.js';
import type { ActionCtx } from './_generated/server.js';
import { connectionAccess } from './lib/authorize.ts';
import { contextFor, secretsOf } from './lib/client.ts';
import type { Credentials } from './lib/client.ts';
import type { Json, MetricsPage } from './lib/contract.ts';
import { readKeyRing, unseal, UnsealError } from './lib/crypto.ts';
import { IntegrationError } from './lib/errors.ts';
import { failedWith } from './lib/failure.ts';
import { parseJson } from './lib/json.ts';
import { INTEGRATIONS } from './lib/integrationConfig.ts';
import { integrationOf } from './lib/integrationOf.ts';
import type { KnownIntegration } from './lib/integrationOf.ts';
import { redactor } from './lib/redact.ts';

/** Far below the 90 s of a lease, and often enough for the count of requests to look alive. */
const HEARTBEAT_MS = 5_000;
/** Convex ends an action after ten minutes; before that the slice goes on in another one. */
const BUDGET_MS = 5 * 60_000;
/** A message to a mutation holds 8,192 array elements; a transaction should stay short. */
const POINTS_PER_COMMIT = 2_000;
const LONGEST_CHECKPOINT = 50_000;

interface Holder {
	readonly sliceId: Id<'slices'>;
	readonly fence: number;
}
type Work = NonNullable<FunctionReturnType<typeof internal.slices.claim>>;

/** Fetches one slice. Answers nothing: everything there is to know is committed along the way. */
export const syncSlice = internalAction({
	args: { sliceId: v.id('slices'), fence: v.number() },
	returns: v.null(),
	handler: async (ctx, holder): Promise<null> => {
		const work: Work | null = await ctx.runMutation(internal.slices.claim, holder);
		if (work) await new SliceFetch(ctx, holder, work).run();
		return null;
	}
});

/** One slice under way. */
class SliceFetch {
	readonly #ctx: ActionCtx;
	readonly #holder: Holder;
	readonly #work: Work;
	readonly #stop = new AbortController();
	readonly #startedAt = Date.now();
	#callsTold = 0;
	#progress = 0;
	#calls: () => number = () => 0;
	#redact: (text: string) => string = (text) => text;

	constructor(ctx: ActionCtx, holder: Holder, work: Work) {
		this.#ctx = ctx;
		this.#holder = holder;
		this.#work = work;
	}

	async run(): Promise<void> {
		const heartbeat = setInterval(() => void this.#renew(), HEARTBEAT_MS);
		try {
			await this.#fetch();
		} catch (error) {
			// Somebody else has the slice, or the run was cancelled: there is nothing to say.
			if (this.#stop.signal.aborted) return;
			const { messages } = integrationOf(this.#work.integrationId)?.sync ?? { messages: {} };
			const { kind, message, retryAt } = failedWith(error, this.#redact, messages);
			await this.#ctx.runMutation(internal.slices.fail, { ...this.#told(), kind, message, retryAt });
			if (error instanceof UnsealError) await this.#noteUnreadable();
		} finally {
			clearInterval(heartbeat);
		}
	}

	async #fetch(): Promise<void> {
		const { integrationId, metricIds, span, timeZone, checkpoint, knownDimensions } = this.#work;
		const known = integrationOf(integrationId);
		if (!known)
			throw new IntegrationError('config', `This version of Plumbline has no integration "${integrationId}".`);
		const { oauthProvider } = known.config;
		const credentials = oauthProvider ? {} : openCredentials(known, this.#work);
		this.#redact = redactor(secretsOf(known.id, credentials));
		const bearer = oauthProvider ? connectionAccess(this.#ctx, oauthProvider, this.#work).bearer : undefined;
		const context = contextFor(known.id, credentials, { signal: this.#stop.signal, bearer });
		this.#redact = context.http.redact;
		this.#calls = () => context.http.calls;
		const pages = integrations[known.id].fetchMetrics(credentials, {
			...context,
			metricIds,
			startDate: span.from,
			endDate: span.to,
			timeZone,
			settings: integrations[known.id].settings.parse(this.#work.settings),
			knownDimensions,
			checkpoint: checkpoint === null ? null : parseJson(checkpoint)
		});
		let readAt = Date.now();
		for await (const page of pages) {
			if (!(await this.#commit(page, readAt))) return;
			if (Date.now() - this.#startedAt > BUDGET_MS) {
				await this.#ctx.runMutation(internal.slices.handOver, this.#told());
				return;
			}
			readAt = Date.now();
		}
		await this.#ctx.runMutation(internal.slices.finish, this.#told());
	}

	/** Commits a page, in several messages when it is large; the checkpoint goes with the last. False: stop. */
	async #commit(page: MetricsPage, readAt: number): Promise<boolean> {
		const checkpoint = checkpointText(page.checkpoint);
		const missing = (page.missing ?? []).map(({ metricId, kind, message }) => {
			return { metricId, kind, message: this.#redact(message) };
		});
		const parts = Math.max(1, Math.ceil(page.points.length / POINTS_PER_COMMIT));
		for (let part = 0; part < parts; part += 1) {
			const last = part === parts - 1;
			const points = page.points.slice(part * POINTS_PER_COMMIT, (part + 1) * POINTS_PER_COMMIT).map(plain);
			const kept: boolean = await this.#ctx.runMutation(internal.slices.commitPage, {
				...this.#told(),
				readAt,
				points,
				checkpoint: last ? checkpoint : null,
				progress: last ? page.progress : this.#progress,
				missing: last ? missing : []
			});
			if (!kept) return false;
		}
		this.#progress = page.progress;
		return true;
	}

	async #noteUnreadable(): Promise<void> {
		const { connectionId, credentials } = this.#work;
		const keyId = credentials?.keyId ?? '';
		await this.#ctx.runMutation(internal.sealedRows.noteUnreadable, { connectionId, keyId });
	}

	async #renew(): Promise<void> {
		const told = this.#told();
		try {
			const mine: boolean = await this.#ctx.runMutation(internal.slices.renew, told);
			if (!mine) this.#stop.abort();
		} catch {
			this.#callsTold -= told.apiCalls;
			// A beat that is missed is made up for by the next one, or the lease lapses, as it should.
		}
	}

	/** Who speaks, and how many requests were sent since the last message. */
	#told(): Holder & { apiCalls: number } {
		const calls = this.#calls();
		const apiCalls = calls - this.#callsTold;
		this.#callsTold = calls;
		return { ...this.#holder, apiCalls };
	}
}

function openCredentials({ id, config }: KnownIntegration, { connectionId, credentials }: Work): Credentials {
	if (!credentials) throw new IntegrationError('auth', `${config.name} has no stored credentials. Enter them again.`);
	const opened = parseJson(unseal(readKeyRing(process.env.PLUMBLINE_SECRET_KEYS), connectionId, credentials));
	const parsed = integrations[id].credentials.safeParse(opened);
	if (parsed.success) return parsed.data;
	const message = INTEGRATIONS[id].messages.auth ?? `The stored credentials are of an older form. Enter them again.`;
	throw new IntegrationError('auth', message);
}

function checkpointText(checkpoint: Json): string {
	const text = JSON.stringify(checkpoint);
	if (text.length <= LONGEST_CHECKPOINT) return text;
	throw new IntegrationError('bad_response', 'The place to resume from grew too large to be kept.');
}

/** A point as the mutation's validator wants it: no member that it does not know. */
function plain({ metricId, dimension, day, value, state, currency }: Point): Point {
	return currency === undefined
		? { metricId, dimension, day, value, state }
		: { metricId, dimension, day, value, state, currency };
}
