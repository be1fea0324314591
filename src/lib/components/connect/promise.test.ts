import { describe, expect, it } from 'vitest';
import { INTEGRATION_CONFIGS } from '../../config/integrations.ts';
import { listInWords, scopesOf, whatArrives, whereItGoes } from './promise.ts';

describe('promises', () => {
	it('names every host the credentials may be sent to, or says that the reader names it', () => {
		for (const config of Object.values(INTEGRATION_CONFIGS)) {
			const sentence = whereItGoes(config);
			if (config.allowedHosts.length === 0) expect(sentence).toContain('the address you give');
			for (const host of config.allowedHosts) expect(sentence).toContain(host);
		}
	});

	it('names the address as it is typed, for a service that people run themselves', () => {
		const { prometheus, stripe } = INTEGRATION_CONFIGS;
		const typed = (baseUrl: string) => whereItGoes(prometheus, { baseUrl });
		expect(typed('https://prometheus.example.com:9090/graph')).toBe(
			'What you paste is only ever sent to prometheus.example.com:9090.'
		);
		// What the browser would understand, not what it looks like.
		expect(typed('https://good.example@evil.example/')).toContain('evil.example.');
		for (const text of ['', 'prometheus', 'https://', 'data:x']) expect(typed(text)).toContain('the address you give');
		expect(whereItGoes(stripe, { baseUrl: 'https://evil.example' })).toBe(
			'What you paste is only ever sent to api.stripe.com.'
		);
	});

	it('promises history only where it is read back', () => {
		const metrics = INTEGRATION_CONFIGS.github.metrics;
		expect(whatArrives({ metrics, shouldBackfill: true, historicalDays: 90 })).toContain(
			`${metrics.length} metrics, 90 days`
		);
		expect(whatArrives({ metrics, shouldBackfill: false, historicalDays: 90 })).toContain('history starts today');
	});

	it('lists a permission once', () => {
		for (const config of Object.values(INTEGRATION_CONFIGS)) {
			const scopes = scopesOf(config);
			expect(new Set(scopes).size).toBe(scopes.length);
			for (const metric of config.metrics) expect(scopes).toEqual(expect.arrayContaining([...(metric.scopes ?? [])]));
		}
	});

	it('joins with commas and one and', () => {
		expect(listInWords([])).toBe('');
		expect(listInWords(['a'])).toBe('a');
		expect(listInWords(['a', 'b', 'c'])).toBe('a, b and c');
	});
});
