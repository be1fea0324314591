/**
 * `npm run restore -- FOLDER [--keys FOLDER | --without-keys]`: puts a backup where there is no deployment. The key is in
 * the backup (`npm run backup -- --with-keys`), in the folder of `--keys`, or given up for lost.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { restore } from '../src/embedded/backup/restore.ts';
import { say } from './product/log.ts';
import { SettingsError } from './product/settings.ts';
import { copyProgress, embeddedDataDir, megabytes, runTask } from './product/task.ts';

await runTask(async () => {
	const dataDir = embeddedDataDir('To fill it: npx convex import');
	const { values, positionals } = parseArgs({
		options: { keys: { type: 'string' }, 'without-keys': { type: 'boolean', default: false } },
		allowPositionals: true
	});
	const [backup] = positionals;
	if (backup === undefined) throw new SettingsError('Name the folder of the backup: npm run restore -- FOLDER');
	const withoutKeys = values['without-keys'];
	const keys = values.keys === undefined ? undefined : resolve(values.keys);
	const options = { keys, withoutKeys, progress: copyProgress() };
	const { databaseSize, filesSize } = await restore(resolve(backup), dataDir, options);
	say('plumbline', `Restored ${megabytes(databaseSize + filesSize)} from ${resolve(backup)} into ${dataDir}.`);
	if (!withoutKeys) return;
	say('plumbline', 'Without its key: new keys are made at the next start. Numbers and accounts are there; connections');
	say(
		'plumbline',
		'ask for their credentials again, and everybody signs in again. Second factors cannot be checked any'
	);
	say('plumbline', 'more: take each off with npx convex run auth/secondFactor:remove, as notes/SECURITY.md says.');
});
