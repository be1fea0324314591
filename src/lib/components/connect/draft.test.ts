import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTEGRATION_CONFIGS, type FieldConfig } from '../../config/integrations.ts';
import {
	credentialError,
	credentialErrors,
	filledCredentials,
	filledSettings,
	initialSettings,
	settingsErrors
} from './draft.ts';

const key: FieldConfig = {
	key: 'apiKey',
	label: 'API key',
	help: 'From the settings.',
	input: 'secret',
	secret: true,
	required: true,
	pattern: '^rk_[a-z]+$',
	placeholder: 'rk_…'
};
const address: FieldConfig = {
	key: 'baseUrl',
	label: 'Address',
	help: '',
	input: 'url',
	secret: false,
	required: true
};
const lists: FieldConfig = {
	key: 'repos',
	label: 'Repositories',
	help: '',
	input: 'choices',
	secret: false,
	required: true
};
const queries: FieldConfig = {
	key: 'queries',
	label: 'Queries',
	help: '',
	input: 'rows',
	secret: false,
	required: false,
	columns: [
		{ key: 'name', label: 'Name' },
		{ key: 'query', label: 'Query' }
	]
};

describe('credentials', () => {
	it('reads the catalogue’s patterns as the schemas mean them: what people call themselves is accepted', () => {
		const { credentialFields } = INTEGRATION_CONFIGS.prometheus;
		const typed = { baseUrl: 'http://127.0.0.1:9090', username: 'reader', password: 'Corréct horse' };
		expect(credentialErrors(credentialFields, typed)).toEqual({});
	});

	it('asks for what is required, unless it is stored already', () => {
		expect(credentialError(key, '  ')).toContain('API key');
		expect(credentialError(key, '', ['apiKey'])).toBe('');
		expect(credentialErrors([key, address], { apiKey: 'rk_live' })).toEqual({
			baseUrl: 'Address is needed to connect.'
		});
	});

	it('checks the trimmed text against the pattern and says how it should look', () => {
		expect(credentialError(key, ' rk_live\n')).toBe('');
		expect(credentialError(key, 'sk_live')).toContain('rk_…');
	});

	it('takes only whole http addresses', () => {
		for (const good of ['http://127.0.0.1:9090', 'https://prom.example/x'])
			expect(credentialError(address, good)).toBe('');
		for (const bad of ['localhost:9090', 'ftp://a.b', 'prom', 'http://'])
			expect(credentialError(address, bad)).not.toBe('');
	});

	it('sends text trimmed and never sends an empty field', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (typed) => {
				const sent = filledCredentials(typed);
				for (const [name, value] of Object.entries(typed)) {
					if (value.trim() === '') expect(Object.hasOwn(sent, name)).toBe(false);
					else expect(sent[name]).toBe(value.trim());
				}
			})
		);
	});
});

describe('settings', () => {
	const choices = {
		repos: [
			{ value: 'a', label: 'a', preselected: true },
			{ value: 'b', label: 'b' }
		]
	};

	it('begins with what is set, else with what the account preselects', () => {
		expect(initialSettings([lists, queries], choices)).toEqual({ repos: ['a'], queries: [] });
		expect(initialSettings([lists], choices, { repos: ['b', 'gone'] })).toEqual({ repos: ['b', 'gone'] });
		expect(initialSettings([lists], choices, { repos: [] })).toEqual({ repos: [] });
	});

	it('wants one choice where one is required, and whole rows', () => {
		expect(settingsErrors([lists], { repos: [] }, choices)).toEqual({ repos: 'Choose at least one.' });
		expect(settingsErrors([lists], { repos: [] }, {})).toEqual({});
		expect(settingsErrors([queries], { queries: [{ name: 'up', query: ' ' }] }, {})).toHaveProperty('queries');
		expect(
			settingsErrors([lists, queries], { repos: ['a'], queries: [{ name: 'up', query: 'sum(up)' }] }, choices)
		).toEqual({});
	});

	it('does not share rows with what is stored', () => {
		const stored = { queries: [{ name: 'up', query: 'up' }] };
		const draft = initialSettings([queries], {}, stored);
		expect(draft).toEqual(stored);
		expect(draft.queries).not.toBe(stored.queries);
		expect(filledSettings([queries], { queries: [{ name: ' up ', query: 'up ' }] })).toEqual(stored);
	});
});
