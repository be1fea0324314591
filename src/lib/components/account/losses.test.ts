import { expect, test } from 'vitest';
import { lossInWords } from './losses.ts';

test.each([
	[{ others: 1, lostConnections: 0 }, 'the other person in it keeps it, with everything that you connected.'],
	[{ others: 3, lostConnections: 0 }, 'the 3 others in it keep it, with everything that you connected.'],
	[{ others: 0, lostConnections: 0 }, 'nobody else is in it, so it goes. It has no connections.'],
	[{ others: 0, lostConnections: 1 }, /goes, with one connection, their dashboards/],
	[{ others: 0, lostConnections: 4 }, /goes, with 4 connections/]
])('%o', (stake, words) => {
	if (typeof words === 'string') expect(lossInWords(stake)).toBe(words);
	else expect(lossInWords(stake)).toMatch(words);
});
