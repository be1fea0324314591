/** Writes without end and tells of each commit after it: what `crash.test.ts` kills. Argument: the file. */
import { writeSync } from 'node:fs';
import { SqliteStore } from './store.ts';

const store = SqliteStore.open(process.argv[2] ?? '');
const start = store.begin('read');
let inserted = start.count('', 'items');
start.commit();
for (;;) {
	const tx = store.begin('write');
	for (let i = 0; i < 5; i++) {
		const id = tx.insert('', 'items', { n: -1, text: 'not yet' });
		tx.patch('', id, { n: inserted++, text: `text ${inserted % 13}` });
	}
	tx.commit();
	writeSync(1, `${store.latestTs} ${inserted}\n`);
}
