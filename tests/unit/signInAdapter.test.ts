/** Better Auth's own suites for adapters, over tables of an embedded deployment. */
import { afterAll } from 'vitest';
import { z } from 'zod';
import { callFunction } from '../../scripts/product/environment.ts';
import { adapterSuites } from '../../src/convex/auth/adapterSuites.testing.ts';
import { DeployedApp, FAST } from '../../src/embedded/deployedApp.testing.ts';

const FOLDER = `${import.meta.dirname}/../../src/convex/auth`;
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const row = z.record(z.string(), scalar);
const created = z.object({ id: z.string() }).catchall(scalar);
const changed = z.object({ count: z.number(), row: row.nullable() });
const found = z.array(z.object({ row, joined: z.record(z.string(), z.array(row)) }));

const app = await DeployedApp.start();
app.write(
	'convex/schema.ts',
	`import { defineSchema } from 'convex/server';
	import { tables } from '${FOLDER}/adapterTables.testing.ts';
	export default defineSchema(tables);`
);
app.write(
	'convex/auth/store.ts',
	`import { tables, unique } from '${FOLDER}/adapterTables.testing.ts';
	import { storeFunctions } from '${FOLDER}/storeFunctions.ts';
	export const { create, find, count, change, remove } = storeFunctions(tables, unique);`
);
await app.convex('deploy', '-y', ...FAST);
afterAll(() => app.close());

const call = async (name: string, args: object) => await callFunction(app.deployment, `auth/store:${name}`, args);
const declare = await adapterSuites({
	create: async (args) => created.parse(await call('create', args)),
	find: async (args) => found.parse(await call('find', args)),
	count: async (args) => z.number().parse(await call('count', args)),
	change: async (args) => changed.parse(await call('change', args)),
	remove: async (args) => changed.parse(await call('remove', args))
});
declare();
