/** `npm run backup` and `npm run restore` as a person runs them. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Signer } from '../../src/embedded/engine/secret.ts';
import { StoredEnvironment } from '../../src/embedded/engine/storedEnvironment.ts';
import { SqliteStore } from '../../src/embedded/store/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
	readonly code: number;
	readonly output: string;
}

function run(script: 'backup' | 'restore', environment: Record<string, string>, ...args: string[]): Promise<Run> {
	const command = [resolve(`scripts/${script}.ts`), ...args];
	return new Promise((settle) => {
		execFile(
			process.execPath,
			command,
			{ cwd: folder, env: { PATH: process.env['PATH'], ...environment } },
			(error, output) => settle({ code: error === null ? 0 : 1, output })
		);
	});
}

test('everything is copied under the time, for its owner only, and put back where there is nothing', async () => {
	const [data, copy] = [join(folder, 'data'), join(folder, 'copy')];
	mkdirSync(data);
	const environment = { PLUMBLINE_DATA: data };
	expect(await run('backup', environment)).toEqual({
		code: 1,
		output: expect.stringContaining('There is no deployment')
	});
	// Whoever has it open does not matter.
	const store = SqliteStore.open(join(data, 'data.sqlite'));
	const made = await run('backup', environment);
	expect(made).toEqual({ code: 0, output: expect.stringMatching(/a database of 0\.\d MB and 0 stored files/) });
	expect(made.output).toContain(`Keep a copy of ${join(data, 'signing.key')} in another safe place`);
	store.close();
	const [name = ''] = readdirSync(join(folder, 'backups'));
	expect(name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
	const backup = join(folder, 'backups', name);
	expect(made.output).toContain(`npm run restore -- ${backup}`);
	expect(statSync(join(backup, 'data.sqlite')).mode & 0o777).toBe(0o600);

	expect(await run('restore', environment, backup)).toEqual({
		code: 1,
		output: expect.stringContaining('is not empty')
	});
	expect(await run('restore', environment)).toEqual({ code: 1, output: expect.stringContaining('Name the folder') });
	const restored = await run('restore', { PLUMBLINE_DATA: copy }, backup);
	expect(restored).toEqual({ code: 0, output: expect.stringContaining(`into ${copy}`) });
	SqliteStore.open(join(copy, 'data.sqlite')).close();
});

test('the key is in a backup when that is asked for, and said to be; it can be named, or given up for lost', async () => {
	const data = join(folder, 'with a key');
	mkdirSync(data);
	const store = SqliteStore.open(join(data, 'data.sqlite'));
	new StoredEnvironment(store.database, Signer.open(data)).save([{ name: 'NAME', value: 'value' }]);
	store.close();
	const environment = { PLUMBLINE_DATA: data };
	const whole = await run('backup', environment, 'whole', '--with-keys');
	expect(whole.output).toContain('It holds the keys');
	expect(readdirSync(join(folder, 'whole'))).toContain('signing.key');
	await run('backup', environment, 'plain');
	const restored = async (...args: string[]) => {
		const to = join(folder, `restored from ${args.map((text) => text.replaceAll('/', '')).join(' ')}`);
		return await run('restore', { PLUMBLINE_DATA: to }, ...args);
	};
	expect(await restored('whole')).toMatchObject({ code: 0 });
	expect(await restored('plain')).toEqual({
		code: 1,
		output: expect.stringContaining('The key of this backup is not')
	});
	expect(await restored('plain', '--keys', data)).toMatchObject({ code: 0 });
	const without = await restored('plain', '--without-keys');
	expect(without).toEqual({ code: 0, output: expect.stringContaining('ask for their credentials again') });
});

test('another deployment than the embedded one is not copied, and told how to be', async () => {
	const elsewhere = { CONVEX_SELF_HOSTED_URL: 'https://convex.example' };
	expect(await run('backup', elsewhere)).toEqual({ code: 1, output: expect.stringContaining('npx convex export') });
	expect(await run('restore', elsewhere, 'x')).toEqual({
		code: 1,
		output: expect.stringContaining('npx convex import')
	});
});
