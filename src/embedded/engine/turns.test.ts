import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('lets so many run, the others in order, and refuses the impatient', async () => {
	const turns = new Turns(2, 'too many');
	const log: string[] = [];
	const gates = new Map<string, PromiseWithResolvers<void>>();
	const start = (name: string, patience: number | null): Promise<string> =>
		turns.run(patience, async () => {
			log.push(name);
			const gate = Promise.withResolvers<void>();
			gates.set(name, gate);
			await gate.promise;
			return name;
		});
	const [a, b, c] = [start('a', null), start('b', null), start('c', null)];
	await expect(start('d', 5)).rejects.toThrow('too many');
	const e = start('e', null);
	expect(log).toEqual(['a', 'b']);
	gates.get('b')?.reject(new Error('failed'));
	await expect(b).rejects.toThrow('failed');
	expect(log).toEqual(['a', 'b', 'c']);
	gates.get('a')?.resolve();
	expect(await a).toBe('a');
	expect(log).toEqual(['a', 'b', 'c', 'e']);
	gates.get('c')?.resolve();
	gates.get('e')?.resolve();
	expect(await Promise.all([c, e])).toEqual(['c', 'e']);
	const last = start('f', 0);
	gates.get('f')?.resolve();
	expect(await last).toBe('f');
});
