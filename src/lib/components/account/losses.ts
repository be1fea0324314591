import type { Stake } from './types.ts';

/** What becomes of a workspace when its member's account is deleted, as a sentence after its name. */
export function lossInWords({ others, lostConnections }: Pick<Stake, 'others' | 'lostConnections'>): string {
	if (others > 0) {
		const people = others === 1 ? 'the other person in it keeps it' : `the ${others} others in it keep it`;
		return `${people}, with everything that you connected.`;
	}
	if (lostConnections === 0) return 'nobody else is in it, so it goes. It has no connections.';
	const lost = lostConnections === 1 ? 'one connection' : `${lostConnections} connections`;
	return `nobody else is in it, so it goes, with ${lost}, their dashboards and all their numbers.`;
}
