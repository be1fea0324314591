import { newRequestId } from '../requestId.ts';
import type { SqliteStore } from '../store/store.ts';
import type { Executor } from './executor.ts';
import type { Limits } from './limits.ts';
import type { Renewal } from './protocol.ts';
import type { WatchedQuery } from './watchedQueries.ts';

/**
 * What runs the queries that the newest commit touched again, while the disk takes the commit; null when it touched none.
 * It stops when a call waits, and leaves out what takes long: the front asks for that itself.
 */
export function renewal(
	executor: Executor,
	store: SqliteStore,
	limits: Pick<Limits, 'renewedQueries' | 'renewalTime'>,
	callsWait: () => boolean
): (() => Promise<readonly Renewal[]>) | null {
	const touched = executor.takeTouched();
	if (touched.length === 0) return null;
	const { latestTs: ts, losses } = store;
	return async () => {
		const renewals: Renewal[] = [];
		const began = performance.now();
		for (const query of touched) {
			if (renewals.length >= limits.renewedQueries || store.losses > losses || callsWait()) break;
			if (performance.now() - began + query.duration > limits.renewalTime) continue;
			const renewal = await renew(executor, query, ts).catch(() => null);
			// A fault of this program: who asks for the query hears of it.
			if (renewal === null) break;
			renewals.push(renewal);
		}
		if (store.losses === losses) return renewals;
		// The commit is gone, and whatever was watched before.
		executor.unsubscribe(renewals.map(({ name }) => name));
		return [];
	};
}

async function renew(executor: Executor, { name: of, request }: WatchedQuery, ts: bigint): Promise<Renewal> {
	const { path, componentPath, identity, caller } = request;
	const call = { path, componentPath, identity, caller, requestId: newRequestId() };
	const name = `${of.split('@')[0]}@${ts}`;
	return { of, name, call, run: await executor.query({ ...request, ...call, subscription: name }) };
}
