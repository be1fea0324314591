/**
 * `npm run rotate-keys`: a new key for credentials. Everything is sealed anew and the old key is taken out. It can be
 * stopped at any time: called again, it goes on. The product may run meanwhile.
 */
import { z } from 'zod';
import { freshKey } from '../src/convex/lib/crypto.ts';
import { withDeployment } from './product/beside.ts';
import { callFunction, readVariables, SECRET_KEYS, setVariables } from './product/environment.ts';
import { rotateKeys } from './product/keyRotation.ts';
import { say } from './product/log.ts';
import { runTask } from './product/task.ts';

const pageSchema = z.union([
	z.literal('not yet'),
	z.object({
		cursor: z.string().nullable(),
		resealed: z.number(),
		busy: z.number(),
		unreadable: z.array(z.object({ name: z.string(), keyId: z.string() }))
	})
]);

await runTask(async () => {
	await withDeployment(async (access) => {
		say('plumbline', `Changing the key that encrypts credentials on ${access.url}…`);
		const holder = {
			ring: async () => (await readVariables(access)).get(SECRET_KEYS),
			setRing: async (value: string) => await setVariables(access, [{ name: SECRET_KEYS, value }]),
			reseal: async (table: string, expected: string, cursor: string | null) =>
				pageSchema.parse(await callFunction(access, 'keys:reseal', { table, expected, cursor })),
			tell: async (from: string, to: string, cursor: string | null) =>
				z
					.string()
					.nullable()
					.parse(await callFunction(access, 'sealedRows:noteRotated', { from, to, cursor })),
			pause: (milliseconds: number) => new Promise<void>((settle) => setTimeout(settle, milliseconds))
		};
		const { resumed, sealing, removed, resealed, unreadable } = await rotateKeys(holder, freshKey);
		if (resumed) say('plumbline', 'There were several keys already: an earlier change was finished.');
		say('plumbline', `${resealed} sealed anew with the key ${sealing}.`);
		if (removed.length > 0) say('plumbline', `No longer used, and taken out: ${removed.join(', ')}.`);
		if (unreadable.length === 0) return;
		for (const { name, keyId } of unreadable) say('plumbline', `${name} could not be opened with the key ${keyId}.`);
		throw new Error(
			'What could not be opened was left as it is. Put its key back at the end of PLUMBLINE_SECRET_KEYS and run this again, or enter those credentials again.'
		);
	});
});
