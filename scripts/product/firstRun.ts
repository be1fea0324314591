/** The first account: a code that is printed once and kept as a hash only (src/convex/auth/setup.ts). */
import { createHash, randomInt } from 'node:crypto';
import { z } from 'zod';
import { callFunction } from './environment.ts';
import type { DeploymentAccess } from './environment.ts';

/** Without letters and digits that look alike. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const GROUPS = 5;
const GROUP_LENGTH = 4;

/**
 * Makes a new code for the first account and lets the deployment forget the last one. Gives what to print; null when
 * there is an account already.
 */
export async function offerFirstAccount(access: DeploymentAccess, url: string): Promise<string | null> {
	const groups = Array.from({ length: GROUPS }, () =>
		Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
	);
	const codeHash = createHash('sha256').update(groups.join('')).digest('hex');
	const needed = z.boolean().parse(await callFunction(access, 'auth/setup:offerCode', { codeHash }));
	if (!needed) return null;
	return `Nobody has an account yet. Make the first one at ${url}/setup, from another machine with the code ${groups.join('-')}`;
}
