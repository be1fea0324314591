/** Words for moments and spans. Pure; all times are ms since the epoch. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in its two largest useful words: `8 s`, `3 min`, `2 h`, `5 days`, `4 months`. Negative counts as zero. */
export function spanInWords(ms: number): string {
	const span = Math.max(0, ms);
	if (span < MINUTE) return `${Math.floor(span / 1000)} s`;
	if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
	if (span < DAY) return `${Math.floor(span / HOUR)} h`;
	const days = Math.floor(span / DAY);
	if (days < 60) return days === 1 ? '1 day' : `${days} days`;
	if (days < 730) return `${Math.floor(days / 30.44)} months`;
	return `${Math.floor(days / 365.25)} years`;
}

/** `at` seen from `now`: `just now`, `3 min ago`, `in 2 h`. */
export function relativeTime(at: number, now: number): string {
	const distance = at - now;
	if (Math.abs(distance) < 10_000) return distance > 0 ? 'in a moment' : 'just now';
	// What ends in seven days must not say six as soon as a second has passed.
	const ahead = distance < MINUTE ? distance : distance + MINUTE / 2;
	return distance > 0 ? `in ${spanInWords(ahead)}` : `${spanInWords(-distance)} ago`;
}

/** `Mon 23 Nov 2026, 14:05:09 GMT+1`: one way of writing for every reader, so that server and browser agree. */
export function exactTime(at: number, timeZone: string): string {
	const parts = new Intl.DateTimeFormat('en-GB', {
		timeZone,
		weekday: 'short',
		day: 'numeric',
		month: 'short',
		year: 'numeric',
		hour: '2-digit',
		minute: '2-digit',
		second: '2-digit',
		hourCycle: 'h23',
		timeZoneName: 'short'
	}).formatToParts(at);
	const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
	const day = `${part('weekday')} ${part('day')} ${part('month')} ${part('year')}`;
	return `${day}, ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}
