/** The shapes of the catalogue: what everybody, the browser included, may know about an integration. */
import type { MetricDefinition } from '../metrics/types.ts';
import type { OAuthProviderId } from './oauth.ts';

export const CATEGORIES = ['Payments', 'Analytics', 'Developer tools', 'Monitoring', 'Sample data'] as const;
export type Category = (typeof CATEGORIES)[number];

export type AuthType = 'api_key' | 'oauth2' | 'none';

/** How a field of a credentials or settings schema is drawn. */
export interface FieldMeta {
	readonly label: string;
	readonly help: string;
	/** Where to find the value. */
	readonly helpUrl?: string;
	readonly placeholder?: string;
	/** One line, secret line, URL, one or several of the account's choices, or rows of named cells. */
	readonly input: 'text' | 'secret' | 'url' | 'choice' | 'choices' | 'rows';
	/** For `rows`: the columns of a row, by key. */
	readonly columns?: readonly { readonly key: string; readonly label: string; readonly placeholder?: string }[];
	/** What is chosen says which account the connection holds, so it stays as it is once connected. */
	readonly identifies?: boolean;
}

export interface FieldConfig extends FieldMeta {
	readonly key: string;
	readonly secret: boolean;
	readonly required: boolean;
	/** A regular expression that the text has to match. */
	readonly pattern?: string;
}

export interface Catalogued<Id extends string> {
	readonly id: Id;
	readonly name: string;
	readonly description: string;
	readonly category: Category;
	readonly icon: `/integrations/${Id}.svg`;
	readonly authType: AuthType;
	/** Where people sign in, when `authType` is `oauth2`; else null. */
	readonly oauthProvider: OAuthProviderId | null;
	readonly credentialFields: readonly FieldConfig[];
	readonly settingsFields: readonly FieldConfig[];
	readonly metrics: readonly MetricDefinition[];
	readonly dataStrategy: 'snapshot' | 'events' | 'hybrid';
	readonly shouldBackfill: boolean;
	/** Days of history that a new connection reads. */
	readonly historicalDays: number;
	/** Hosts that are called; empty means only the base URL you give. */
	readonly allowedHosts: readonly string[];
	readonly docsUrl: string;
	/** Made-up numbers, to be marked as such wherever they are shown. */
	readonly sample: boolean;
}
