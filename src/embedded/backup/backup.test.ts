/** Backups of a deployment that goes on working, and what becomes of them. */
import {
	appendFileSync,
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { startDeployment } from '../deployment.ts';
import { indexFaults } from '../store/integrity.ts';
import { frozenLayout } from '../store/layouts.testing.ts';
import { SqliteStore } from '../store/store.ts';
import type { DeploymentProcess } from '../testApp.testing.ts';
import { backUp } from './backup.ts';
import { restore } from './restore.ts';

/** A step is a message, a count, and a tick that comes a little later. */
const WORK = `
	import { internalMutationGeneric, makeFunctionReference, mutationGeneric, queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	const later = makeFunctionReference('work:tick');
	async function count(db, name) {
		const found = await db.query('counters').withIndex('by_name', (q) => q.eq('name', name)).unique();
		if (!found) await db.insert('counters', { name, value: 1 });
		else await db.patch(found._id, { value: found.value + 1 });
	}
	export const step = mutationGeneric({
		args: { n: v.number() },
		handler: async ({ db, scheduler }, { n }) => {
			await db.insert('messages', { channel: 'load', body: String(n) });
			await count(db, 'steps');
			await scheduler.runAfter(n % 2 === 0 ? 0 : 3_000, later, {});
		}
	});
	export const tick = internalMutationGeneric({ args: {}, handler: ({ db }) => count(db, 'ticks') });
	export const pending = queryGeneric({
		args: {},
		handler: async ({ db }) =>
			(await db.system.query('_scheduled_functions').collect()).filter(({ state }) => state.kind !== 'success').length
	});`;

const step = makeFunctionReference<'mutation', { n: number }>('work:step');
const pending = makeFunctionReference<'query', Record<string, never>, number>('work:pending');
const counter = makeFunctionReference<'query', { name: string }, number>('messages:counter');
const list = makeFunctionReference<'query', { channel: string }, string[]>('messages:list');
const uploadUrl = makeFunctionReference<'mutation', Record<string, never>, string>('files:uploadUrl');
const fileUrl = makeFunctionReference<'query', { id: string }, string | null>('files:url');
const removeFile = makeFunctionReference<'mutation', { id: string }>('files:remove');

const folder = mkdtempSync(path.join(tmpdir(), 'backup-'));
let app: DeployedApp<DeploymentProcess>;
let client: ConvexHttpClient;

beforeAll(async () => {
	app = await DeployedApp.startApart();
	app.write('convex/work.ts', WORK);
	await app.convex('deploy', '-y', ...FAST);
	client = new ConvexHttpClient(app.deployment.url, { logger: false });
});

afterAll(async () => {
	await app.close();
	rmSync(folder, { recursive: true, force: true });
});

async function store(text: string): Promise<string> {
	const answer = await fetch(await client.mutation(uploadUrl, {}), { method: 'POST', body: text });
	return z.object({ storageId: z.string() }).parse(await answer.json()).storageId;
}

/** Starts a deployment on a folder for as long as `use` takes. */
async function withDeployment(dataDir: string, use: (reader: ConvexHttpClient) => Promise<void>): Promise<void> {
	const deployment = await startDeployment({ dataDir, appDir: app.app.dir, port: 0 });
	try {
		await use(new ConvexHttpClient(deployment.url, { logger: false }));
	} finally {
		await deployment.close();
	}
}

/** Mutations with scheduled functions, uploads and removals, until `stop` is called. */
function load() {
	const acknowledged = { steps: 0, files: new Map<string, string>() };
	let going = true;
	const working = [
		(async () => {
			for (let n = 1; going; n++) {
				await client.mutation(step, { n });
				acknowledged.steps = n;
			}
		})(),
		(async () => {
			for (let n = 1; going; n++) {
				const text = `file ${n} `.repeat(n * 50);
				const id = await store(text);
				if (n % 2 === 0) acknowledged.files.set(id, text);
				else await client.mutation(removeFile, { id });
			}
		})()
	];
	const stop = async (): Promise<void> => {
		going = false;
		await Promise.all(working);
	};
	return { acknowledged, stop };
}

describe('a backup', () => {
	test('taken under load is one moment with all that was acknowledged; what it had planned happens once', async () => {
		const { acknowledged, stop } = load();
		await expect.poll(() => acknowledged.steps, { timeout: 20_000 }).toBeGreaterThan(30);
		await expect.poll(() => acknowledged.files.size, { timeout: 20_000 }).toBeGreaterThan(3);
		const before = { steps: acknowledged.steps, files: [...acknowledged.files] };
		const heard: number[] = [];
		const backup = path.join(folder, 'under load');
		const progress = (done: number, total: number) => void heard.push(done / total);
		const copy = await backUp(app.dataDir, backup, { withKeys: true, progress });
		await stop();
		expect(heard.at(-1)).toBe(1);
		expect(heard).toEqual(heard.toSorted((a, b) => a - b));
		expect(readdirSync(backup).sort()).toEqual(['admin.key', 'data.sqlite', 'files', 'signing.key']);
		expect(copy.files).toBe(readdirSync(path.join(backup, 'files')).length);
		expect(statSync(backup).mode & 0o777).toBe(0o700);
		for (const name of readdirSync(backup, { recursive: true, withFileTypes: true })) {
			const mode = statSync(path.join(name.parentPath, name.name)).mode & 0o777;
			expect(mode).toBe(name.isDirectory() ? 0o700 : 0o600);
		}

		const restored = path.join(folder, 'restored');
		await restore(backup, restored);
		const file = SqliteStore.open(path.join(restored, 'data.sqlite'));
		expect(indexFaults(file)).toEqual([]);
		expect(new Set(readdirSync(path.join(restored, 'files')))).toEqual(
			new Set(file.database.rows('SELECT path FROM files').map(([name]) => String(name)))
		);
		file.close();
		await withDeployment(restored, async (reader) => {
			const steps = await reader.query(counter, { name: 'steps' });
			expect(steps).toBeGreaterThanOrEqual(before.steps);
			const bodies = await reader.query(list, { channel: 'load' });
			expect(bodies).toEqual(Array.from({ length: steps }, (_, i) => String(i + 1)));
			for (const [id, text] of before.files) {
				expect(await (await fetch((await reader.query(fileUrl, { id })) ?? '')).text()).toBe(text);
			}
			await expect.poll(() => reader.query(pending, {}), { timeout: 20_000 }).toBe(0);
			expect(await reader.query(counter, { name: 'ticks' })).toBe(steps);
		});
		expect(readFileSync(path.join(restored, 'admin.key'), 'utf8')).toBe(app.deployment.adminKey);
	});

	test('of a deployment that was killed has what was acknowledged, and needs no deployment', async () => {
		const kept = await client.mutation(step, { n: 0 }).then(() => client.query(counter, { name: 'steps' }));
		app.deployment.child.kill('SIGKILL');
		await app.deployment.ended;
		const backup = path.join(folder, 'of a killed one');
		await backUp(app.dataDir, backup);
		await app.startAgain();
		client = new ConvexHttpClient(app.deployment.url, { logger: false });
		const restored = path.join(folder, 'restored from a killed one');
		await restore(backup, restored);
		await withDeployment(restored, async (reader) => {
			expect(await reader.query(counter, { name: 'steps' })).toBe(kept);
		});
	});

	test('is refused where something would be overwritten or there is nothing to copy, and nothing changes', async () => {
		const taken = path.join(folder, 'taken');
		mkdirSync(taken);
		await expect(backUp(app.dataDir, taken)).rejects.toThrow('exists already');
		await expect(backUp(path.join(folder, 'nowhere'), path.join(folder, 'to'))).rejects.toThrow('no deployment');
		expect(readdirSync(folder).filter((name) => name.startsWith('to') || name.endsWith('.part'))).toEqual([]);
	});

	test('without a file that a row names is refused by its name, and leaves nothing', async () => {
		const source = path.join(folder, 'to be damaged');
		await store('a file to lose');
		await backUp(app.dataDir, source);
		const [name = ''] = readdirSync(path.join(source, 'files'));
		const lost = path.join(source, 'files', name);
		appendFileSync(lost, 'x');
		await expect(backUp(source, path.join(folder, 'copy'))).rejects.toThrow(`${lost} is damaged`);
		rmSync(lost);
		await expect(backUp(source, path.join(folder, 'copy'))).rejects.toThrow(`${lost} is not there`);
		expect(readdirSync(folder).filter((made) => made.startsWith('copy'))).toEqual([]);
	});
});

describe('keys', () => {
	const SECRET = 'canary-in-the-environment-51f0';
	const read = makeFunctionReference<'query', Record<string, never>, string | null>('work:secret');
	const holds = (folder: string, text: string): string[] =>
		readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => path.join(entry.parentPath, entry.name))
			.filter((file) => readFileSync(file, 'latin1').includes(text));

	beforeAll(async () => {
		app.write(
			'convex/work.ts',
			`${WORK}
			export const secret = queryGeneric({ args: {}, handler: () => process.env.SECRET ?? null });`
		);
		await app.convex('deploy', '-y', ...FAST);
		await app.convex('env', 'set', 'SECRET', SECRET);
		expect(await client.query(read, {})).toBe(SECRET);
	});

	test('are in a backup only when that is asked for, and variables are in clear in none, nor in the folder', async () => {
		const [plain, whole] = [path.join(folder, 'without keys'), path.join(folder, 'with keys')];
		await backUp(app.dataDir, plain);
		await backUp(app.dataDir, whole, { withKeys: true });
		expect(readdirSync(plain).sort()).toEqual(['data.sqlite', 'files']);
		expect(readdirSync(whole).sort()).toEqual(['admin.key', 'data.sqlite', 'files', 'signing.key']);
		for (const place of [plain, whole, app.dataDir]) expect(holds(place, SECRET)).toEqual([]);
		expect(holds(plain, app.deployment.adminKey)).toEqual([]);
	});

	test('that were kept apart open a backup that has none; its variables are there again', async () => {
		const [backup, kept, target] = ['apart', 'kept keys', 'restored apart'].map((name) => path.join(folder, name));
		if (!backup || !kept || !target) throw new Error('There are three.');
		await backUp(app.dataDir, backup);
		await expect(restore(backup, target)).rejects.toThrow(/The key of this backup is not in .*apart/);
		mkdirSync(kept);
		writeFileSync(path.join(kept, 'signing.key'), 'another key of 32 bytes ........');
		await expect(restore(backup, target, { keys: kept })).rejects.toThrow('is not the key of this backup');
		copyFileSync(path.join(app.dataDir, 'signing.key'), path.join(kept, 'signing.key'));
		await restore(backup, target, { keys: kept });
		expect(statSync(path.join(target, 'signing.key')).mode & 0o777).toBe(0o600);
		await withDeployment(target, async (reader) => expect(await reader.query(read, {})).toBe(SECRET));
	});

	test('that are lost cost the variables and nothing else', async () => {
		const [backup, target] = [path.join(folder, 'lost'), path.join(folder, 'restored without')];
		await backUp(app.dataDir, backup);
		await restore(backup, target, { withoutKeys: true });
		await withDeployment(target, async (reader) => {
			expect(await reader.query(read, {})).toBe(null);
			expect(await reader.query(counter, { name: 'steps' })).toBe(await client.query(counter, { name: 'steps' }));
		});
	});

	test('that are not those of the folder are refused at a start in words, which changes nothing', async () => {
		const target = path.join(folder, 'mixed up');
		const backup = path.join(folder, 'to mix up');
		await backUp(app.dataDir, backup, { withKeys: true });
		await restore(backup, target);
		const key = path.join(target, 'signing.key');
		const right = readFileSync(key);
		writeFileSync(key, 'another key of 32 bytes ........');
		await expect(withDeployment(target, async () => undefined)).rejects.toThrow('Put the earlier signing.key back');
		writeFileSync(key, right);
		await withDeployment(target, async (reader) => expect(await reader.query(read, {})).toBe(SECRET));
	});

	test('are asked for where an earlier version has left variables in clear', async () => {
		const old = path.join(folder, 'of an earlier version');
		mkdirSync(old);
		const database = new DatabaseSync(path.join(old, 'data.sqlite'));
		database.exec(`${frozenLayout(5)} INSERT INTO environment VALUES ('SECRET', '${SECRET}')`);
		database.close();
		await expect(backUp(old, path.join(folder, 'clear'))).rejects.toThrow('Start the deployment once');
		expect(readdirSync(folder).filter((name) => name.startsWith('clear'))).toEqual([]);
		await backUp(old, path.join(folder, 'clear'), { withKeys: true });
	});
});

describe('a restore', () => {
	let backup: string;

	beforeAll(async () => {
		backup = path.join(folder, 'to restore');
		await store('some file');
		await backUp(app.dataDir, backup, { withKeys: true });
	});

	const copyOf = async (name: string): Promise<string> => {
		const copy = path.join(folder, name);
		await restore(backup, copy);
		return copy;
	};
	/** Why a backup is refused; nothing is restored then. */
	const refusal = async (from: string): Promise<string> => {
		const target = path.join(folder, 'refused');
		const words = await restore(from, target).then(
			() => 'restored',
			(error: unknown) => String(error)
		);
		expect(readdirSync(target).filter((name) => !name.startsWith('lock.'))).toEqual([]);
		return words;
	};

	test('is refused over a deployment, running or not, and without a backup', async () => {
		await expect(restore(backup, app.dataDir)).rejects.toThrow('is not empty');
		const stopped = await copyOf('stopped');
		await expect(restore(backup, stopped)).rejects.toThrow('is not empty');
		rmSync(path.join(stopped, 'data.sqlite'));
		writeFileSync(path.join(stopped, 'data.sqlite-wal'), 'a log that was left behind');
		await expect(restore(backup, stopped)).rejects.toThrow('is not empty');
		await expect(restore(path.join(folder, 'none'), path.join(folder, 'new'))).rejects.toThrow('There is no backup');
	});

	test('of a damaged, cut, empty, foreign or newer database is refused in words', async () => {
		const damaged = await copyOf('damaged');
		const database = path.join(damaged, 'data.sqlite');
		const bytes = readFileSync(database);
		writeFileSync(database, Buffer.from(bytes).fill(0x5a, 8192 * 4, 8192 * 9));
		expect(await refusal(damaged)).toMatch(/is damaged/);
		writeFileSync(database, bytes);
		truncateSync(database, statSync(database).size - 8192);
		expect(await refusal(damaged)).toMatch(/is damaged/);
		writeFileSync(database, '');
		expect(await refusal(damaged)).toMatch(/is empty/);
		writeFileSync(database, 'a text '.repeat(10_000));
		expect(await refusal(damaged)).toMatch(/is damaged or not a database/);
		rmSync(database);
		const foreign = new DatabaseSync(database);
		foreign.exec('CREATE TABLE docs (x); PRAGMA user_version = 3');
		foreign.close();
		expect(await refusal(damaged)).toMatch(/did not make/);
		writeFileSync(database, bytes);
		const newer = new DatabaseSync(database);
		newer.exec('PRAGMA user_version = 99');
		newer.close();
		expect(await refusal(damaged)).toMatch(/newer version/);
	});

	test('of a backup that lacks a file, or has another in its place, is refused by its name', async () => {
		const damaged = await copyOf('files damaged');
		const [name = ''] = readdirSync(path.join(damaged, 'files'));
		writeFileSync(path.join(damaged, 'files', name), 'other bytes');
		expect(await refusal(damaged)).toContain(`${name} is damaged`);
		rmSync(path.join(damaged, 'files', name));
		expect(await refusal(damaged)).toContain(`${name} is not there`);
	});

	test('that was interrupted can be repeated, at whatever point it was', async () => {
		const target = path.join(folder, 'interrupted');
		const part = path.join(target, 'restoring');
		mkdirSync(path.join(part, 'files'), { recursive: true });
		writeFileSync(path.join(part, 'files', 'half'), 'half');
		await restore(backup, target);
		// Everything has been moved but the database.
		mkdirSync(part);
		copyFileSync(path.join(target, 'data.sqlite'), path.join(part, 'data.sqlite'));
		rmSync(path.join(target, 'data.sqlite'));
		await restore(backup, target);
		expect(readdirSync(target).sort()).toEqual(['admin.key', 'data.sqlite', 'files', 'lock.sqlite', 'signing.key']);
		await withDeployment(target, async (reader) => {
			expect(await reader.query(counter, { name: 'steps' })).toBe(await client.query(counter, { name: 'steps' }));
		});
	});
});
