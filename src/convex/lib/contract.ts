/** What an integration promises to the sync engine. Shapes only; `docs: notes/ADDING_AN_INTEGRATION.md`. */
import type { Day, Point } from '../../lib/metrics/types.ts';
import type { ErrorKind } from './errors.ts';
import type { HttpClient } from './http.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One thing the account offers to choose from (a repository, a property). */
export interface Choice {
	readonly value: string;
	readonly label: string;
	readonly detail?: string;
	/** Chosen unless the reader says otherwise. */
	readonly preselected?: boolean;
}

export interface AccountInfo {
	/** Stable id of the account at the service: the same account connected twice is noticed by it. */
	readonly id: string;
	readonly name: string;
	/** Facts worth showing: `{ Version: '2.42.0', Targets: '3 up' }`. Never a secret. */
	readonly details: Readonly<Record<string, string>>;
	/** IANA zone in which the account counts its days; absent means the configured default. */
	readonly timeZone?: string;
	/** Default currency of the account, ISO code. */
	readonly currency?: string;
	/** Choices by settings field: `{ repositories: [...] }`. */
	readonly choices?: Readonly<Record<string, readonly Choice[]>>;
}

export type TestResult =
	| { readonly success: true; readonly accountInfo: AccountInfo }
	| {
			readonly success: false;
			readonly kind: ErrorKind;
			/** A sentence a person can act on. */
			readonly error: string;
			readonly field?: string;
			readonly missingScopes?: readonly string[];
	  };

/** Everything an integration may use to reach its service. Made by the caller; an integration never calls `fetch`. */
export interface IntegrationContext {
	readonly http: HttpClient;
	/** Replaced base URL (an emulator, a proxy), or null for the service's own. */
	readonly baseUrl: string | null;
	/** The clock, in ms since the epoch. */
	readonly now: () => number;
}

/** Who signed in, by the provider's own signed word. */
export interface Identity {
	readonly subject: string;
	/** An e-mail address or a name, for showing. */
	readonly name: string;
}

export interface TestContext<Settings> extends IntegrationContext {
	/** What has been chosen. Absent at the first test, whose answer brings what there is to choose from. */
	readonly settings?: Settings;
	/** Who signed in, where people sign in by OAuth. */
	readonly identity?: Identity;
}

export interface FetchRequest<Settings> extends IntegrationContext {
	/** Metrics of one group. */
	readonly metricIds: readonly string[];
	/** First and last day wanted, both included, in `timeZone`. `endDate` may be today. */
	readonly startDate: Day;
	readonly endDate: Day;
	readonly timeZone: string;
	readonly settings: Settings;
	/**
	 * Dimension values in which a metric already has a series, by metric id: on a day that was read and holds nothing of
	 * such a value (no payment in that currency), zero is true and is written.
	 */
	readonly knownDimensions?: Readonly<Record<string, readonly string[]>>;
	/** The last committed page's checkpoint, or null at the beginning of the slice. */
	readonly checkpoint: Json;
}

export interface MissingMetric {
	readonly metricId: string;
	readonly kind: ErrorKind;
	/** Why this metric is left out, and what to do: one sentence. */
	readonly message: string;
	readonly missingScopes?: readonly string[];
}

/**
 * One bounded piece of a fetch. Pages are committed one by one: points and checkpoint together. Resuming from any
 * checkpoint gives the same points as an uninterrupted run; a day is emitted only when all of it has been read.
 */
export interface MetricsPage {
	readonly points: readonly Point[];
	readonly checkpoint: Json;
	/** 0..1 of this slice. */
	readonly progress: number;
	/** Metrics the service would not give; the run ends as partial. */
	readonly missing?: readonly MissingMetric[];
}
