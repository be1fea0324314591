/** What a person has typed and chosen so far, before it becomes a connection. Pure. */
import type { FieldConfig } from '../../config/integrations.ts';
import type { Choice } from './types.ts';

export type Row = Record<string, string>;
export type SettingValue = string | boolean | string[] | Row[];
export type Settings = Record<string, SettingValue>;
export type Credentials = Record<string, string>;
/** One sentence per field key. */
export type FieldErrors = Record<string, string>;
export type ChoicesByField = Readonly<Record<string, readonly Choice[]>>;

/** An empty credentials form; `known` are values that may be shown (never secrets). */
export function blankCredentials(fields: readonly FieldConfig[], known: Credentials = {}): Credentials {
	return Object.fromEntries(fields.map((field) => [field.key, known[field.key] ?? '']));
}

/** What is sent: trimmed, and without the fields that were left empty. */
export function filledCredentials(credentials: Credentials): Credentials {
	return Object.fromEntries(
		Object.entries(credentials)
			.map(([key, value]) => [key, value.trim()])
			.filter(([, value]) => value !== '')
	);
}

/** What is plainly wrong with one credential before anybody is asked; '' when nothing is. `stored` secrets may stay empty. */
export function credentialError(field: FieldConfig, value: string, stored: readonly string[] = []): string {
	const text = value.trim();
	if (text === '') {
		return field.required && !stored.includes(field.key) ? `${field.label} is needed to connect.` : '';
	}
	if (field.input === 'url' && !isHttpUrl(text))
		return 'Give the whole address, with http:// or https:// at the start.';
	if (field.pattern !== undefined && !new RegExp(field.pattern, 'u').test(text)) {
		return field.placeholder
			? `This does not look right: it should look like ${field.placeholder}`
			: `This does not look like a ${field.label.toLowerCase()}. Check that all of it was copied.`;
	}
	return '';
}

function isHttpUrl(text: string): boolean {
	const url = URL.parse(text);
	return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
}

/** Errors of a whole form, by field; an empty object means that it can be sent. */
export function credentialErrors(
	fields: readonly FieldConfig[],
	credentials: Credentials,
	stored: readonly string[] = []
): FieldErrors {
	return withoutBlanks(
		fields.map((field) => [field.key, credentialError(field, credentials[field.key] ?? '', stored)])
	);
}

/** Settings to begin with: what is set already, else what the account's choices preselect, else nothing. */
export function initialSettings(
	fields: readonly FieldConfig[],
	choices: ChoicesByField,
	current: Settings = {}
): Settings {
	return Object.fromEntries(
		fields.map((field): [string, SettingValue] => {
			const set = current[field.key];
			if (field.input === 'choices') {
				if (isTextList(set)) return [field.key, [...set]];
				return [
					field.key,
					(choices[field.key] ?? []).filter((choice) => choice.preselected).map((choice) => choice.value)
				];
			}
			if (field.input === 'choice') {
				const offered = (choices[field.key] ?? []).find((choice) => choice.preselected)?.value;
				return [field.key, (typeof set === 'string' && set) || (offered ?? '')];
			}
			if (field.input === 'rows') return [field.key, isRowList(set) ? set.map((row) => ({ ...row })) : []];
			return [field.key, typeof set === 'string' || typeof set === 'boolean' ? set : ''];
		})
	);
}

/** What is wrong with the settings, by field. A row must be whole; of what the account offers, one must be chosen. */
export function settingsErrors(
	fields: readonly FieldConfig[],
	settings: Settings,
	choices: ChoicesByField
): FieldErrors {
	return withoutBlanks(
		fields.map((field) => [field.key, settingError(field, settings[field.key], choices[field.key] ?? [])])
	);
}

function settingError(field: FieldConfig, value: SettingValue | undefined, offered: readonly Choice[]): string {
	if (field.input === 'choices') {
		return offered.length > 0 && chosenOf(value).length === 0 ? 'Choose at least one.' : '';
	}
	if (field.input === 'choice') return offered.length > 0 && !value ? 'Choose one.' : '';
	if (field.input === 'rows') {
		const halfFilled = rowsOf(value).some((row) =>
			(field.columns ?? []).some((column) => !(row[column.key] ?? '').trim())
		);
		return halfFilled ? 'Every row needs all of its fields. Fill them in or remove the row.' : '';
	}
	return credentialError(field, typeof value === 'string' ? value : '');
}

/** Settings as they are sent: text trimmed, rows that were never filled left out, empty text left to its default. */
export function filledSettings(fields: readonly FieldConfig[], settings: Settings): Settings {
	const entries: [string, SettingValue][] = [];
	for (const field of fields) {
		const value = settings[field.key];
		if (value === undefined) continue;
		if (typeof value === 'string') {
			if (value.trim() !== '') entries.push([field.key, value.trim()]);
		} else if (isRowList(value) && field.input === 'rows') {
			entries.push([
				field.key,
				value.map((row) => Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, cell.trim()])))
			]);
		} else {
			entries.push([field.key, value]);
		}
	}
	return Object.fromEntries(entries);
}

/** The rows of a value, or none. */
export function rowsOf(value: SettingValue | undefined): Row[] {
	return isRowList(value) ? value : [];
}

/** The chosen values of a value, or none. */
export function chosenOf(value: SettingValue | undefined): string[] {
	return isTextList(value) ? value : [];
}

function isTextList(value: SettingValue | undefined): value is string[] {
	return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isRowList(value: SettingValue | undefined): value is Row[] {
	return Array.isArray(value) && value.every((one) => typeof one === 'object');
}

function withoutBlanks(entries: readonly (readonly [string, string])[]): FieldErrors {
	return Object.fromEntries(entries.filter(([, sentence]) => sentence !== ''));
}
