/** What the doctor found out: one line each. */
import { styleText } from 'node:util';

export type State = 'ok' | 'attention' | 'failing';

export interface Finding {
	/** One word: what was looked at. */
	readonly about: string;
	readonly state: State;
	/** A sentence about what is. */
	readonly says: string;
	/** A sentence about what to do; for everything that is not ok. */
	readonly advice?: string;
}

export const ok = (about: string, says: string): Finding => ({ about, state: 'ok', says });
export const attention = (about: string, says: string, advice: string): Finding => ({
	about,
	state: 'attention',
	says,
	advice
});
export const failing = (about: string, says: string, advice: string): Finding => ({
	about,
	state: 'failing',
	says,
	advice
});

/** The worst of the findings. */
export function worst(findings: readonly Finding[]): State {
	const states = new Set(findings.map(({ state }) => state));
	return states.has('failing') ? 'failing' : states.has('attention') ? 'attention' : 'ok';
}

const COLOURS = { ok: 'green', attention: 'yellow', failing: 'red' } as const;
const STATE_WIDTH = 'attention'.length;

/** A finding for people: the state as a word too, and the advice below. */
export function lineOf({ about, state, says, advice }: Finding): string {
	const word = styleText(COLOURS[state], state.padEnd(STATE_WIDTH), { stream: process.stdout });
	const more = advice === undefined ? '' : `\n${' '.repeat(STATE_WIDTH + 2)}${advice}`;
	return `${word}  ${about}: ${says}${more}`;
}
