import { expect, test } from 'vitest';
import { Child } from './child.ts';

test('a process that cannot be started is told of as one that ended', async () => {
	const ended = Promise.withResolvers<string>();
	const child = new Child({
		entry: new URL('./process.ts', import.meta.url),
		heapMegabytes: 64,
		// More than the system takes.
		environment: { NAME: 'x'.repeat(10_000_000) },
		onMessage: () => expect.fail('there is no process'),
		onEnd: ended.resolve
	});
	child.send({ kind: 'call', id: 1, method: 'start', params: null });
	child.kill();
	expect(await ended.promise).toContain('E2BIG');
});
