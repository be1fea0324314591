/** `npm run restore -- FOLDER`: puts a backup where there is no deployment. */
import { resolve } from 'node:path';
import { restore } from '../src/embedded/backup/restore.ts';
import { say } from './product/log.ts';
import { SettingsError } from './product/settings.ts';
import { copyProgress, embeddedDataDir, megabytes, runTask } from './product/task.ts';

await runTask(async () => {
	const dataDir = embeddedDataDir('To fill it: npx convex import');
	const [, , backup] = process.argv;
	if (backup === undefined) throw new SettingsError('Name the folder of the backup: npm run restore -- FOLDER');
	const { databaseSize, filesSize } = await restore(resolve(backup), dataDir, copyProgress());
	say('plumbline', `Restored ${megabytes(databaseSize + filesSize)} from ${resolve(backup)} into ${dataDir}.`);
});
