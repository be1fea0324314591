'use node';
/**
 * Google counts tokens, by property and by project, an hour and a day; every report says what is left.
 * https://developers.google.com/analytics/devguides/reporting/data/v1/quotas
 */
import { z } from 'zod';
import { addDays } from '../../lib/metrics/days.ts';
import { dayOf, dayStartMs } from '../../lib/metrics/zones.ts';
import { IntegrationError } from '../lib/errors.ts';

const HOUR_MS = 3_600_000;
/** Where Google's quota days begin at midnight. */
const QUOTA_ZONE = 'America/Los_Angeles';

const status = z.object({ consumed: z.number().nullish(), remaining: z.number().nullish() }).nullish();
export const quotaSchema = z.object({
	tokensPerDay: status,
	tokensPerHour: status,
	tokensPerProjectPerHour: status,
	potentiallyThresholdedRequestsPerHour: status
});

export interface QuotaProblem {
	/** When there is more, in ms since the epoch. */
	readonly retryAt: number;
}

/** Whether a request like the last one would use up more than is left, and until when. */
export function quotaProblem(quota: Partial<z.infer<typeof quotaSchema>>, now: number): QuotaProblem | null {
	const short = (one: z.infer<typeof status>) =>
		typeof one?.remaining === 'number' && one.remaining < Math.max(1, one.consumed ?? 0);
	if (short(quota.tokensPerDay)) return { retryAt: nextQuotaDay(now) };
	const hourly = [quota.tokensPerHour, quota.tokensPerProjectPerHour, quota.potentiallyThresholdedRequestsPerHour];
	return hourly.some(short) ? { retryAt: nextHour(now) } : null;
}

/** Until when the quota lasts that a refusal (429, RESOURCE_EXHAUSTED) speaks of; null when it does not say. */
export function quotaEndSaid(message: string, now: number): number | null {
	if (/per day|24 hours/i.test(message)) return nextQuotaDay(now);
	return /per hour|an hour/i.test(message) ? nextHour(now) : null;
}

export function quotaUsedUp({ retryAt }: QuotaProblem): IntegrationError {
	return new IntegrationError(
		'rate_limited',
		'The quota that Google gives this property for its reports is used up for now. Nothing is lost: the sync goes on when there is more.',
		{ retryAt }
	);
}

function nextHour(now: number): number {
	return Math.floor(now / HOUR_MS + 1) * HOUR_MS;
}

function nextQuotaDay(now: number): number {
	return dayStartMs(addDays(dayOf(now, QUOTA_ZONE), 1), QUOTA_ZONE);
}
