/** `npm run backup [-- FOLDER]`: a copy of everything that the embedded deployment keeps, also while it runs. */
import { resolve } from 'node:path';
import { backUp } from '../src/embedded/backup/backup.ts';
import { say } from './product/log.ts';
import { copyProgress, embeddedDataDir, megabytes, runTask } from './product/task.ts';

await runTask(async () => {
	const dataDir = embeddedDataDir('To copy what it holds: npx convex export');
	const now = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
	const to = resolve(process.argv[2] ?? `backups/${now}`);
	say('plumbline', `Copying ${dataDir} to ${to}…`);
	const { databaseSize, files, filesSize } = await backUp(dataDir, to, copyProgress());
	const stored = `${files} stored ${files === 1 ? 'file' : 'files'} (${megabytes(filesSize)})`;
	say('plumbline', `Done: a database of ${megabytes(databaseSize)} and ${stored}, checked and on the disk.`);
	say('plumbline', `Keep it private: it holds keys. To put it back: npm run restore -- ${to}`);
});
