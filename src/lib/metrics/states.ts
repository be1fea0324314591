/** What the state of a day means, in words a reader needs. */
import type { DayState } from './types.ts';

export interface StateWords {
	/** Beside a number or in a table. */
	readonly word: string;
	/** On hover. */
	readonly sentence: string;
}

export const STATE_WORDS: Readonly<Record<DayState, StateWords>> = {
	complete: { word: 'complete', sentence: 'All of the day was read, and it is not expected to change.' },
	partial: { word: 'still counting', sentence: 'The day was not over when it was read.' },
	provisional: { word: 'may change', sentence: 'The service may still restate this day.' },
	no_data: { word: 'no data', sentence: 'The service says there was nothing on this day.' },
	missing: { word: 'not fetched', sentence: 'This day was never read from the service.' },
	failed: { word: 'failed', sentence: 'Reading this day from the service went wrong.' }
};
