/** How long an invitation can be accepted: what pages offer, and all that the endpoint takes. */
export const INVITATION_DAYS = [1, 7, 30] as const;
export type InvitationDays = (typeof INVITATION_DAYS)[number];

/** Of an invitation for which nobody chose. */
export const USUAL_INVITATION_DAYS: InvitationDays = 7;

/** `1 day`, `7 days`. */
export function daysInWords(days: InvitationDays): string {
	return days === 1 ? '1 day' : `${days} days`;
}

/** What a request asks for as `days`; the usual when it asks for nothing (null), undefined for anything not offered. */
export function invitationDays(asked: string | null): InvitationDays | undefined {
	return asked === null ? USUAL_INVITATION_DAYS : INVITATION_DAYS.find((days) => String(days) === asked);
}
