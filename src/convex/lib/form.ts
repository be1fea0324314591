/** What a person typed into the connect form, parsed by the integration's own schemas. */
import type { z } from 'zod';
import { INTEGRATION_CONFIGS } from '../../lib/config/integrations.ts';
import type { FieldConfig, IntegrationId } from '../../lib/config/integrations.ts';
import type { Credentials } from './client.ts';
import { refuse } from './failure.ts';
import type { Failure, Settings } from './validators.ts';

type Texts = Record<string, string>;

/** The credentials as the integration takes them; a failure names the field and says what is wrong with it. */
export function parseCredentials(
	id: IntegrationId,
	schema: z.ZodObject,
	typed: Readonly<Texts>
): { success: true; credentials: Credentials } | Failure {
	// A field left empty is a field not given.
	const given = Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim() !== ''));
	const parsed = schema.safeParse(given);
	if (parsed.success) return { success: true, credentials: parsed.data };
	return refusal(parsed.error, INTEGRATION_CONFIGS[id].credentialFields, given);
}

/** The settings with their defaults filled in. */
export function parseSettings(
	id: IntegrationId,
	schema: z.ZodObject,
	chosen: Settings
): { success: true; settings: Settings } | Failure {
	const parsed = schema.safeParse(chosen);
	if (!parsed.success) return refusal(parsed.error, INTEGRATION_CONFIGS[id].settingsFields, chosen);
	const settings: Settings = {};
	for (const key of Object.keys(parsed.data)) {
		const value = storable(parsed.data[key]);
		if (value !== undefined) settings[key] = value;
	}
	return { success: true, settings };
}

/** The fields that are not secret, for showing. */
export function publicPart(id: IntegrationId, credentials: Credentials): Texts {
	const part: Texts = {};
	for (const { key, secret } of INTEGRATION_CONFIGS[id].credentialFields) {
		const value = credentials[key];
		if (!secret && typeof value === 'string') part[key] = value;
	}
	return part;
}

/** Names of the secret fields that are filled. */
export function secretNames(id: IntegrationId, credentials: Credentials): string[] {
	return INTEGRATION_CONFIGS[id].credentialFields
		.filter(({ key, secret }) => secret && credentials[key])
		.map(({ key }) => key);
}

/**
 * Fills secret fields that were left empty with the stored ones. Refused when an address was changed: whoever can edit
 * a connection could otherwise have its secrets sent wherever they like.
 */
export function mergeStored(
	id: IntegrationId,
	typed: Readonly<Texts>,
	stored: { readonly publicCredentials: Readonly<Texts>; readonly storedSecrets: readonly string[] },
	open: () => unknown
): { success: true; credentials: Texts } | Failure {
	const fields = INTEGRATION_CONFIGS[id].credentialFields;
	const empty = fields.filter(({ key }) => stored.storedSecrets.includes(key) && typed[key] === undefined);
	const [first] = empty;
	if (!first) return { success: true, credentials: { ...typed } };
	const moved = fields.some(({ key, input }) => input === 'url' && typed[key] !== stored.publicCredentials[key]);
	if (moved) return refuse(`The address has changed, so enter this again: ${first.label}.`, first.key);
	const opened = open();
	const credentials: Texts = { ...typed };
	if (typeof opened === 'object' && opened !== null) {
		const secrets = new Map<string, unknown>(Object.entries(opened));
		for (const { key } of empty) {
			const value = secrets.get(key);
			if (typeof value === 'string') credentials[key] = value;
		}
	}
	return { success: true, credentials };
}

/** The first thing that is wrong, as a sentence about its field. */
function refusal(error: z.ZodError, fields: readonly FieldConfig[], given: Readonly<Record<string, unknown>>): Failure {
	const [issue] = error.issues;
	const key = String(issue?.path[0] ?? '');
	const field = fields.find((one) => one.key === key);
	if (!field) return refuse(issue?.message ?? 'This does not fit the form.');
	if (given[key] === undefined) return refuse(`${field.label} is needed.`, key);
	return refuse(`${field.label}: ${issue?.message}`, key);
}

function storable(value: unknown): Settings[string] | undefined {
	if (typeof value === 'string' || typeof value === 'boolean') return value;
	if (!Array.isArray(value)) return undefined;
	const items: readonly unknown[] = value;
	if (items.every((item) => typeof item === 'string')) return [...items];
	return items.flatMap((item) => {
		if (typeof item !== 'object' || item === null) return [];
		const cells = Object.entries(item).flatMap(([key, cell]) =>
			typeof cell === 'string' ? [[key, cell] as const] : []
		);
		return [Object.fromEntries(cells)];
	});
}
