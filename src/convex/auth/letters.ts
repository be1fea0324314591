/** The letters that sign-in sends: plain text, one link each. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';

export const letter = v.object({
	to: v.string(),
	subject: v.string(),
	/** Sentences before the link, and after it. */
	before: v.string(),
	link: v.string(),
	after: v.string()
});
export type Letter = Infer<typeof letter>;

export function resetLetter(to: string, link: string): Letter {
	return {
		to,
		subject: 'Set a new password for Plumbline',
		before: 'Somebody, probably you, asked for a new password for this address. Set it here:',
		link,
		after: 'The link works once, within one hour. If it was not you, do nothing: your password stays as it is.'
	};
}

export function verifyLetter(to: string, link: string): Letter {
	return {
		to,
		subject: 'Confirm your address for Plumbline',
		before: 'Confirm that this address is yours:',
		link,
		after: 'The link works within one hour. If you did not ask for it, do nothing.'
	};
}

interface InvitationFacts {
	readonly to: string;
	readonly link: string;
	readonly inviter: string;
	readonly workspace: string;
	readonly role: string;
	/** How long the link works, in words. */
	readonly time: string;
}

export function invitationLetter({ to, link, inviter, workspace, role, time }: InvitationFacts): Letter {
	return {
		to,
		subject: `${inviter} invites you to ${workspace} on Plumbline`,
		before: `${inviter} invites you to join the workspace ${workspace} as ${role}. Accept here:`,
		link,
		after: `The link works once, within ${time}, and for this address only.`
	};
}

export function bodyOf({ before, link, after }: Letter): string {
	return `${before}\n\n${link}\n\n${after}\n`;
}
