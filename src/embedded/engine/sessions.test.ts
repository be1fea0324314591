import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database } from '../store/database.ts';
import { HeldCommitter } from '../store/heldCommitter.testing.ts';
import { SqliteStore } from '../store/store.ts';
import { Sessions } from './sessions.ts';

const request = fc.record({
	sessionId: fc.constantFrom('a', 'b', 'c'),
	requestId: fc.integer({ min: 0, max: 5 })
});

const step = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant('mutation'), request, commits: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush', 'write', 'forget') }) }
);

test('what a session sent before is found again, wherever it is kept: on its way, in the file, after a restart', () => {
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
			const database = Database.open(':memory:');
			const committer = new HeldCommitter(database);
			const store = SqliteStore.openWith(database, committer);
			let sessions = new Sessions(2);
			const answered = new Map<string, string>();
			steps.forEach((one, number) => {
				if ('request' in one) {
					const name = `${one.request.sessionId} ${one.request.requestId}`;
					const tx = store.begin('write');
					const found = sessions.find(tx, one.request);
					expect(found?.value).toBe(answered.get(name));
					if (found === null) {
						sessions.remember(tx, one.request, { value: `${number}`, logLines: [], ts: store.commitTs() }, 0);
						expect(sessions.find(tx, one.request)?.value).toBe(`${number}`);
					}
					if (found !== null || !one.commits) return tx.rollback();
					tx.commit();
					answered.set(name, `${number}`);
				} else if (one.kind === 'flush') store.pipeline.flush();
				else if (one.kind === 'write') {
					committer.write();
					store.pipeline.settle();
				} else sessions = new Sessions(2);
			});
			store.close();
		})
	);
});
