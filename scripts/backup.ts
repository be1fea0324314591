/**
 * `npm run backup [-- FOLDER] [--with-keys]`: a copy of everything that the embedded deployment keeps, also while it runs.
 * Credentials and environment variables are in it sealed; the key that opens them is only there with `--with-keys`.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { backUp } from '../src/embedded/backup/backup.ts';
import { say } from './product/log.ts';
import { copyProgress, embeddedDataDir, megabytes, runTask } from './product/task.ts';

await runTask(async () => {
	const dataDir = embeddedDataDir('To copy what it holds: npx convex export');
	const now = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
	const { values, positionals } = parseArgs({
		options: { 'with-keys': { type: 'boolean', default: false } },
		allowPositionals: true
	});
	const withKeys = values['with-keys'];
	const to = resolve(positionals[0] ?? `backups/${now}`);
	say('plumbline', `Copying ${dataDir} to ${to}…`);
	const { databaseSize, files, filesSize } = await backUp(dataDir, to, { withKeys, progress: copyProgress() });
	const stored = `${files} stored ${files === 1 ? 'file' : 'files'} (${megabytes(filesSize)})`;
	say('plumbline', `Done: a database of ${megabytes(databaseSize)} and ${stored}, checked and on the disk.`);
	if (withKeys) {
		say('plumbline', 'It holds the keys: whoever has this folder can use your credentials. Keep it private.');
		say('plumbline', `To put it back: npm run restore -- ${to}`);
		return;
	}
	const key = join(dataDir, 'signing.key');
	say('plumbline', `The key that opens its credentials is not in it. Keep a copy of ${key} in another safe place;`);
	say(
		'plumbline',
		'it never changes. Without it a restored Plumbline has its numbers, and asks for credentials again.'
	);
	say('plumbline', `To put it back: npm run restore -- ${to} --keys FOLDER-WITH-signing.key`);
});
