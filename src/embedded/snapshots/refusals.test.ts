/** What cannot be imported is refused in words, and nothing of it is kept. */
import { deflateRawSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { encodeId } from '../values/ids.ts';
import { TestImport } from './importing.testing.ts';

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start();
	await app.convex('deploy', '-y', ...FAST);
}, 60_000);

afterAll(() => app?.close());

async function archive(files: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer>> {
	const zip = new ZipFile();
	for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
	zip.end();
	return new Uint8Array(await buffer(zip.outputStream));
}

const ROW = JSON.stringify({ name: 'a', value: 1 });
const counters = { tableName: 'counters', mode: 'append' } as const;

test.each([
	['csv', '', "CSV file doesn't have headers"],
	['csv', 'name,value\na\n', "CSV row 1 doesn't have all of the fields in the header"],
	['csv', Buffer.from([0x61, 0xff, 0x0a]), "Import wasn't valid UTF8"],
	['jsonLines', `${ROW}\n{"name":`, "Row 2 wasn't valid JSON"],
	['jsonLines', `${ROW}\n[1]`, "Row 2 wasn't an object"],
	['jsonLines', `\ufeff${ROW}`, 'UTF-8 BOM is not supported. Please save your file without BOM.'],
	['csv', '\ufeffname,value\na,1\n', 'UTF-8 BOM is not supported. Please save your file without BOM.'],
	['jsonArray', ROW, 'Not a JSON array'],
	['jsonArray', '[{', 'Not valid JSON'],
	['jsonLines', JSON.stringify({ name: 'a', value: { $other: 1 } }), '$other'],
	['jsonLines', JSON.stringify({ name: 'a' }), 'does not match the schema']
] as const)('%s: %j', async (format, body, words) => {
	const ended = await (await TestImport.upload(app, body, { ...counters, format })).end();
	expect(ended.state).toBe('failed');
	expect(ended.error_message).toContain(words);
	expect(await app.query('messages:counter', { name: 'a' })).toBe(0);
});

describe('archives', () => {
	const DOCUMENTS = { 'counters/documents.jsonl': ROW };

	test.each([
		['that are none', () => Buffer.from('not a zip file at all'), 'invalid zip file'],
		['that are cut short', async () => (await archive(DOCUMENTS)).subarray(0, -30), 'invalid zip file'],
		[
			'that are damaged inside',
			async () => {
				const whole = await archive({ 'counters/documents.jsonl': `${ROW}\n`.repeat(2000) });
				return whole.fill(0xa5, 200, 220);
			},
			'invalid zip file'
		],
		[
			'with a table that has no name',
			() => archive({ 'not a name/documents.jsonl': ROW }),
			"table name 'not a name' invalid"
		],
		[
			'with a component that has no name',
			() => archive({ '_components/a b/counters/documents.jsonl': ROW }),
			"component name 'a b' invalid"
		],
		[
			'with documents of another deployment',
			() =>
				archive({
					'counters/documents.jsonl': JSON.stringify({
						name: 'a',
						value: 1,
						_id: encodeId(10_777, new Uint8Array(16).fill(7))
					})
				}),
			'table counters wants table number 10777 but was already assigned'
		]
	])('%s', async (_what, body, words) => {
		const uploaded = await TestImport.upload(app, await body(), { mode: 'append', format: 'zip' });
		const ended = await uploaded.end();
		expect(ended.state).toBe('failed');
		expect(ended.error_message).toContain(words);
		expect(await app.query('messages:counter', { name: 'a' })).toBe(0);
	});

	test('of something else altogether change nothing', async () => {
		const foreign = { 'README.txt': 'photos', 'photos/one.jpg': deflateRawSync('x').toString('latin1') };
		const uploaded = await TestImport.upload(app, await archive(foreign), { mode: 'append', format: 'zip' });
		await uploaded.end();
		expect(await app.convex('data')).toMatch(/counters\s+messages/);
	});
});
