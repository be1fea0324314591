/** Every registered integration has all its pieces. A failure names the integration and the piece. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { INTEGRATIONS } from '../../../convex/lib/integrationConfig.ts';
import { INTEGRATION_CONFIGS } from '../../config/integrations.ts';
import { BaseIntegration } from './base.ts';
import { describeFields, secretField, textField } from './fields.ts';
import { integrationRegistry, integrations } from './index.ts';

const root = new URL('../../../../', import.meta.url);
const text = (path: string) => (existsSync(new URL(path, root)) ? readFileSync(new URL(path, root), 'utf8') : null);
const KEY_LIKE = /key|token|secret|password/i;
/** What could run, or call somebody, inside an image. */
const UNSAFE_SVG =
	/<script|<foreignObject|<iframe|<image|<use|<style|\son\w+\s*=|(href|src)\s*=|url\(|javascript:|<!ENTITY|<\?xml-stylesheet/i;

const pieces: Readonly<Record<string, (integration: BaseIntegration) => string | null>> = {
	'a file of its own name': ({ id }) =>
		text(`src/lib/server/integrations/${id}.ts`) === null ? `no src/lib/server/integrations/${id}.ts` : null,
	'a file that talks to the service': ({ id }) => {
		const source = text(`src/convex/integrations/${id}.ts`);
		if (source === null) return `no src/convex/integrations/${id}.ts`;
		return source.startsWith("'use node';") ? null : `src/convex/integrations/${id}.ts does not start with 'use node'`;
	},
	'an icon that is only a picture': ({ id }) => {
		const svg = text(`static/integrations/${id}.svg`);
		if (svg === null) return `no static/integrations/${id}.svg`;
		return UNSAFE_SVG.exec(svg)?.[0] ?? (svg.startsWith('<svg ') ? null : 'the icon is no SVG');
	},
	'a conformance test': ({ id }) => {
		const source = text(`src/convex/integrations/${id}.conformance.test.ts`);
		return source?.includes('conformance({')
			? null
			: `no src/convex/integrations/${id}.conformance.test.ts that calls conformance({…})`;
	},
	'an entry in INTEGRATIONS': ({ id }) => (Object.hasOwn(INTEGRATIONS, id) ? null : `INTEGRATIONS has no "${id}"`),
	'a link to the documentation of what is called': ({ id }) => {
		const docsUrl = Object.entries(INTEGRATIONS).find(([key]) => key === id)?.[1].docsUrl ?? '';
		return /^https:\/\/.+/.test(docsUrl) ? null : 'docsUrl is no https address';
	},
	'metric ids that begin with its own and are unique': ({ id, metrics }) => {
		const ids = metrics.map((metric) => metric.id);
		const foreign = ids.find((metricId) => !new RegExp(`^${id}\\.[a-z][a-z0-9_]*$`).test(metricId));
		return (
			foreign ??
			ids.find((metricId, index) => ids.indexOf(metricId) !== index) ??
			(ids.length === 0 ? 'no metric' : null)
		);
	},
	'names and descriptions that are sentences': ({ metrics }) =>
		metrics.find(({ name, description }) => name === '' || !/\.$/.test(description))?.id ?? null,
	'ranks that differ': ({ metrics }) => {
		const ranks = metrics.flatMap(({ rank }) => rank ?? []);
		return new Set(ranks).size === ranks.length
			? null
			: `two metrics have the same rank: ${ranks.toSorted((a, b) => a - b).join(', ')}`;
	},
	'money split by currency': ({ metrics }) =>
		metrics.find(({ unit, dimension }) => unit === 'money' && dimension?.key !== 'currency')?.id ?? null,
	'a slice length for every group with a past, and for no other': ({ id, metrics }) => {
		const sliced = Object.keys(Object.entries(INTEGRATIONS).find(([key]) => key === id)?.[1].sliceDays ?? {});
		for (const [group, members] of Map.groupBy(metrics, (metric) => metric.group)) {
			const sources = new Set(members.map(({ source }) => source));
			if (sources.size > 1) return `group "${group}" mixes snapshot and events`;
			if (sources.has('events') && !sliced.includes(group)) return `sliceDays lacks the group "${group}"`;
			if (sources.has('snapshot') && sliced.includes(group)) return `sliceDays names the snapshot group "${group}"`;
		}
		const groups = new Set(metrics.map(({ group }) => group));
		const unknown = sliced.find((group) => !groups.has(group));
		return unknown === undefined ? null : `sliceDays names "${unknown}", which no metric has`;
	},
	'a strategy that fits its metrics': ({ id, metrics }) => {
		const sources = new Set(metrics.map(({ source }) => source));
		const { dataStrategy } = Object.entries(INTEGRATIONS).find(([key]) => key === id)?.[1] ?? {};
		if (dataStrategy === undefined) return 'no dataStrategy';
		if (dataStrategy !== 'hybrid' && (sources.size > 1 || !sources.has(dataStrategy)))
			return `dataStrategy is "${dataStrategy}"`;
		return null;
	},
	'a way to sign in if it is OAuth, with the scopes of every metric': ({
		authType,
		oauthProvider,
		credentials,
		metrics
	}) => {
		if ((authType === 'oauth2') !== (oauthProvider !== null)) return 'authType and oauthProvider contradict each other';
		if (oauthProvider === null) return null;
		if (Object.keys(credentials.shape).length > 0) return 'people sign in, so there is nothing to paste';
		return metrics.find(({ scopes = [] }) => scopes.length === 0)?.id ?? null;
	},
	'form fields with their words, and keys that are secret': ({ id, credentials, settings, authType }) => {
		const fields = describeFields(`${id} credentials`, credentials);
		const shown = fields.find(({ key, secret }) => KEY_LIKE.test(key) && !secret);
		if (shown !== undefined) return `the field "${shown.key}" holds a key and is not secret`;
		if (authType === 'none' && fields.length > 0) return 'authType is "none" but there are credentials';
		const settingsFields = describeFields(`${id} settings`, settings);
		const odd = settingsFields.find(({ key, secret, required }) => secret || required || KEY_LIKE.test(key));
		return odd === undefined
			? null
			: `the setting "${odd.key}" is secret or required; settings are open and have a default`;
	}
};

describe.each(integrationRegistry.all().map((integration) => [integration.id, integration] as const))(
	'%s has',
	(_id, integration) => {
		it.each(Object.entries(pieces))('%s', (_piece, complaint) => {
			expect(complaint(integration)).toBeNull();
		});
	}
);

it('registers every file of the folder, and catalogues it', () => {
	const files = readdirSync(new URL('src/lib/server/integrations/', root)).filter(
		(name) => !/^(base|fields|index|registry)\.ts$|\.test\.ts$/.test(name)
	);
	const ids = integrationRegistry.all().map(({ id }) => id);
	expect(ids).toEqual(files.map((name) => name.replace(/\.ts$/, '')).toSorted());
	expect(Object.keys(integrations)).toEqual(ids);
	expect(Object.keys(INTEGRATION_CONFIGS)).toEqual(ids);
});

it.each(['generate', 'roadmap'])('has what "npm run %s" makes', (script) => {
	execFileSync(process.execPath, [fileURLToPath(new URL(`scripts/${script}.ts`, root)), '--check'], { stdio: 'pipe' });
});

describe('a piece that is missing is named', () => {
	class Odd extends BaseIntegration {
		readonly id = 'odd';
		readonly name = 'Odd';
		readonly description = 'Nothing is right here.';
		readonly category = 'Monitoring';
		readonly authType = 'oauth2';
		readonly credentials = z.object({ apiKey: textField({ label: 'Key', help: 'Help' }) });
		readonly settings = z.object({});
		readonly metrics = [
			{
				id: 'other.x',
				name: 'X',
				description: 'No sentence',
				unit: 'money',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'g',
				historyDays: null
			}
		] as const;
		testConnection(): never {
			throw new Error('never called');
		}
		fetchMetrics(): never {
			throw new Error('never called');
		}
	}

	it.each(Object.entries(pieces).filter(([piece]) => !/ranks/.test(piece)))('%s', (_piece, complaint) => {
		expect(complaint(new Odd())).toEqual(expect.stringMatching(/./));
	});

	it('by describeFields, when a field has no words', () => {
		expect(() => describeFields('odd credentials', z.object({ plain: z.string() }))).toThrow(
			'odd credentials: field "plain"'
		);
	});
});

describe('fields', () => {
	const key = z.object({ key: secretField({ label: 'Key', help: 'Help' }) });

	// B12
	it.each(['sk_1', ' sk_1\n', 'Bearer sk_1', 'bearer  sk_1 ', '"sk_1"', "'sk_1'"])(
		'take %j for the key that is meant',
		(pasted) => {
			expect(key.parse({ key: pasted })).toEqual({ key: 'sk_1' });
		}
	);

	// B11
	it.each(['', ' ', 'a b', 'a\r\nb', 'a\0b', 'key🔑', 'ключ'])('refuse the key %j', (pasted) => {
		expect(key.safeParse({ key: pasted }).success).toBe(false);
	});
});
