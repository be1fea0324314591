/** Files that the disk does not take: whoever sends them is told, nothing of them stays, and the deployment goes on. */
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { PATIENT } from '../patience.testing.ts';
import type { DeploymentProcess } from '../testApp.testing.ts';
import { filesDirectory } from './disk.ts';

const MIB = 1024 ** 2;
const DISK = 24 * MIB;
const TOO_LARGE = 40 * MIB;
const WORDS = 'The deployment may not write files of this size. Nothing of this file was stored.';

const STORING = `
	import { actionGeneric} from 'convex/server';
	import { v } from 'convex/values';
	export const store = actionGeneric({
		args: { bytes: v.number() },
		handler: async ({ storage }, { bytes }) => {
			try {
				return await storage.store(new Blob([new Uint8Array(bytes)]));
			} catch (error) {
				return 'refused: ' + error.message;
			}
		}
	});`;

let app: DeployedApp<DeploymentProcess>;

beforeAll(async () => {
	app = await DeployedApp.startOnSmallDisk(DISK);
	app.write('convex/storing.ts', STORING);
	app.write('convex/storingInNode.ts', `'use node';${STORING}`);
	await app.convex('deploy', '-y', ...FAST);
}, 60_000);

afterAll(() => app?.close());

function stored(): string[] {
	return readdirSync(filesDirectory(app.dataDir));
}

async function upload(body: BodyInit): Promise<Response> {
	const target = z.string().parse(await app.mutation('files:uploadUrl'));
	// Of a stream, undici wants to hear that the answer may come before its end.
	const options = { method: 'POST', body, duplex: 'half' };
	return await fetch(target, options);
}

/** A body whose size nobody announces. */
function stream(bytes: number): ReadableStream<Uint8Array> {
	let left = bytes;
	return new ReadableStream({
		pull(controller) {
			controller.enqueue(new Uint8Array(MIB));
			left -= MIB;
			if (left <= 0) controller.close();
		}
	});
}

test.each([
	['at once', () => new Uint8Array(TOO_LARGE)],
	['as a stream', () => stream(TOO_LARGE)]
])('an upload, sent %s', async (_what, body) => {
	const before = stored();
	const refused = await upload(body());
	expect([refused.status, await refused.json()]).toEqual([413, { code: 'FileTooLarge', message: WORDS }]);
	expect(stored()).toEqual(before);
	const { storageId } = z.object({ storageId: z.string() }).parse(await (await upload('small')).json());
	const url = z.string().parse(await app.query('files:url', { id: storageId }));
	expect(await (await fetch(url)).text()).toBe('small');
});

test.each(['storing:store', 'storingInNode:store'])('what an action stores: %s', async (name) => {
	const before = stored();
	expect(await app.asAdmin('action', name, { bytes: TOO_LARGE })).toMatchObject({ value: `refused: ${WORDS}` });
	expect(stored()).toEqual(before);
	expect(await app.asAdmin('action', name, { bytes: 10 })).toMatchObject({ status: 'success' });
	expect(stored().length).toBe(before.length + 1);
});

test('a part of an import, and the import after it', async () => {
	const start = async () =>
		z.object({ uploadToken: z.string() }).parse(await (await app.post('import/start_upload', {})).json());
	const part = async (token: string, body: BodyInit) =>
		await fetch(`${app.deployment.url}/api/import/upload_part?uploadToken=${token}&partNumber=1`, {
			method: 'POST',
			headers: { authorization: `Convex ${app.deployment.adminKey}` },
			body
		});
	const refused = await part((await start()).uploadToken, new Uint8Array(TOO_LARGE));
	expect([refused.status, await refused.json()]).toEqual([413, { code: 'FileTooLarge', message: WORDS }]);
	expect(readdirSync(path.join(app.dataDir, 'imports'))).toEqual([]);
	expect((await part((await start()).uploadToken, '{}')).status).toBe(200);
});

test('a file that is announced as larger than any may be is refused before it is sent', async () => {
	const target = z.string().parse(await app.mutation('files:uploadUrl'));
	const answer = Promise.withResolvers<{ status: number | undefined; body: string }>();
	const sent = request(target, { method: 'POST', headers: { 'content-length': 17 * 1024 ** 3 } }, (response) => {
		let body = '';
		response.on('data', (chunk) => (body += String(chunk)));
		response.on('end', () => answer.resolve({ status: response.statusCode, body }));
	});
	sent.on('error', answer.reject);
	sent.flushHeaders();
	const { status, body } = await answer.promise;
	sent.destroy();
	expect([status, JSON.parse(body)]).toEqual([
		413,
		{ code: 'FileTooLarge', message: 'A file may have at most 16 GiB.' }
	]);
});

test('an upload that is cut off leaves nothing', async () => {
	const before = stored();
	const target = z.string().parse(await app.mutation('files:uploadUrl'));
	const sent = request(target, { method: 'POST', headers: { 'content-length': MIB } });
	sent.on('error', () => undefined);
	sent.write(new Uint8Array(1000));
	await vi.waitFor(() => expect(stored().length).toBe(before.length + 1), PATIENT);
	sent.destroy();
	await vi.waitFor(() => expect(stored()).toEqual(before), PATIENT);
});
