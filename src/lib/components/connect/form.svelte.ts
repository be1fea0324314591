/** What a connect or settings dialog holds: the draft, the last test, and what is going on. */
import type { IntegrationConfig } from '../../config/integrations.ts';
import {
	blankCredentials,
	credentialErrors,
	filledCredentials,
	filledSettings,
	initialSettings,
	settingsErrors,
	type ChoicesByField,
	type Credentials,
	type FieldErrors,
	type Settings
} from './draft.ts';
import { causeInWords } from './failure.ts';
import { listInWords } from './promise.ts';
import type { AccountInfo, TestResult } from './types.ts';

/** What is known before anything is typed: nothing for a new connection, what is stored for an old one. */
export interface Known {
	readonly credentials: Credentials;
	readonly settings: Settings;
	/** Secret fields that are held already and may stay empty. */
	readonly storedSecrets: readonly string[];
}

type Refusal = Extract<TestResult, { success: false }>;
/** What became of a form that was sent. */
export type Saving = { readonly success: true } | Refusal;

export class ConnectionForm {
	credentials = $state<Credentials>({});
	settings = $state<Settings>({});
	errors = $state<FieldErrors>({});
	/** A sentence that belongs to no field. */
	failure = $state('');
	account = $state.raw<AccountInfo | null>(null);
	phase = $state<'editing' | 'testing' | 'saving'>('editing');

	readonly config: IntegrationConfig;
	readonly known: Known;
	#testedText = $state('');
	#settingsAtFirst = $state('');

	readonly #typedText = $derived(JSON.stringify(filledCredentials(this.credentials)));
	/** There is nothing to test when nothing is asked for. */
	readonly asksNothing = $derived.by(() => this.config.credentialFields.length === 0);
	/** The credentials as they stand now are those that the service accepted. */
	readonly tested = $derived(this.account !== null && this.#testedText === this.#typedText);
	readonly credentialsEdited = $derived.by(() => this.#typedText !== JSON.stringify(this.#knownCredentials()));
	readonly edited = $derived(this.credentialsEdited || JSON.stringify(this.settings) !== this.#settingsAtFirst);

	constructor(config: IntegrationConfig, known: Known) {
		this.config = config;
		this.known = known;
		this.credentials = blankCredentials(config.credentialFields, known.credentials);
		this.#beginSettings({});
	}

	get choices(): ChoicesByField {
		return this.account?.choices ?? {};
	}

	/** Asks the service with what is typed. What was edited in the meantime was not tested. */
	async test(ask: (credentials: Credentials) => Promise<TestResult>): Promise<void> {
		this.errors = credentialErrors(this.config.credentialFields, this.credentials, this.known.storedSecrets);
		this.failure = '';
		if (Object.keys(this.errors).length > 0) return;
		const sent = this.#typedText;
		const isFirst = this.#testedText === '';
		this.phase = 'testing';
		try {
			const result = await ask(filledCredentials(this.credentials));
			if (sent !== this.#typedText) return;
			if (result.success) {
				this.account = result.accountInfo;
				this.#testedText = sent;
				if (isFirst || this.credentialsEdited) this.#beginSettings(this.choices);
			} else {
				this.account = null;
				this.#show(result);
			}
		} catch (cause) {
			this.failure = causeInWords(cause);
		} finally {
			this.phase = 'editing';
		}
	}

	/** Sends the whole form. True when it was stored; false when something is left to correct. */
	async save(send: (credentials: Credentials, settings: Settings) => Promise<Saving>): Promise<boolean> {
		this.errors = settingsErrors(this.config.settingsFields, this.settings, this.choices);
		this.failure = '';
		if (Object.keys(this.errors).length > 0) return false;
		this.phase = 'saving';
		try {
			const settings = filledSettings(this.config.settingsFields, $state.snapshot(this.settings));
			const result = await send(filledCredentials(this.credentials), settings);
			if (!result.success) this.#show(result);
			return result.success;
		} catch (cause) {
			this.failure = causeInWords(cause);
			return false;
		} finally {
			this.phase = 'editing';
		}
	}

	#knownCredentials(): Credentials {
		return filledCredentials(blankCredentials(this.config.credentialFields, this.known.credentials));
	}

	/** Lists are taken from the account anew; rows and text already written stay. */
	#beginSettings(choices: ChoicesByField): void {
		const written = $state.snapshot(this.settings);
		const kept = this.config.settingsFields.filter(({ key, input }) => !/^choice/.test(input) && key in written);
		this.settings = initialSettings(this.config.settingsFields, choices, {
			...this.known.settings,
			...Object.fromEntries(kept.map((field) => [field.key, written[field.key] ?? '']))
		});
		this.#settingsAtFirst = JSON.stringify(this.settings);
	}

	/** Puts a refusal at the field it concerns, or under the form. */
	#show(refusal: Refusal): void {
		const scopes = refusal.missingScopes?.length ? ` Missing: ${listInWords(refusal.missingScopes)}.` : '';
		const fields = [...this.config.credentialFields, ...this.config.settingsFields];
		const field = fields.find((one) => one.key === refusal.field);
		if (field) this.errors[field.key] = refusal.error + scopes;
		else this.failure = refusal.error + scopes;
	}
}
