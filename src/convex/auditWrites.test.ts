// @vitest-environment node
/** Reads the sources of the functions: the audit log is appended to in one place, and deleted from in one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { afterEach, expect, test, vi } from 'vitest';
import { internal } from './_generated/api.js';
import { connectSample, deploy } from './harness.testing.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

const WRITES = new Set(['insert', 'patch', 'replace', 'delete']);

interface Write {
	readonly file: string;
	readonly method: string;
	/** null when it is not written out as a text. */
	readonly table: string | null;
}

/** Every call `….db.insert|patch|replace|delete(…)`, and every one on a `db` by itself. */
function writesIn(file: string, source: string): Write[] {
	const found: Write[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
			const { expression: receiver, name } = node.expression;
			const owner = ts.isPropertyAccessExpression(receiver) ? receiver.name.text : receiver.getText();
			if (WRITES.has(name.text) && owner === 'db') {
				const [first] = node.arguments;
				const table = first && ts.isStringLiteralLike(first) ? first.text : null;
				found.push({ file, method: name.text, table });
			}
		}
		ts.forEachChild(node, visit);
	};
	visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
	return found;
}

const root = import.meta.dirname;
const sources = readdirSync(root, { recursive: true, withFileTypes: true })
	.filter((entry) => entry.isFile() && /^[^.]+\.ts$/.test(entry.name))
	.map((entry) => join(entry.parentPath, entry.name));
const writes = sources.flatMap((path) => writesIn(relative(root, path), readFileSync(path, 'utf8')));

test('nothing but lib/audit appends to the audit log, nothing but its expiry deletes, and nobody changes it', () => {
	expect(writes.length).toBeGreaterThan(30);
	expect(writes.filter(({ table }) => table === 'auditEvents')).toEqual([
		{ file: 'audit.ts', method: 'delete', table: 'auditEvents' },
		{ file: 'lib/audit.ts', method: 'insert', table: 'auditEvents' }
	]);
});

test('every write names its table, so that none can reach the audit log by a variable', () => {
	const unnamed = new Set(writes.filter(({ table }) => table === null).map(({ file }) => file));
	expect([...unnamed]).toEqual(['auth/storeFunctions.ts']);
});

test('the one place where tables are chosen while functions run, sign-in’s, knows its own tables only', async () => {
	const t = await deploy();
	await connectSample(t);
	const before = await t.run(async (ctx) => ctx.db.query('auditEvents').take(10));
	const [event] = before;
	if (!event) throw new Error('There is an event.');
	const where = [{ field: 'id', operator: 'eq' as const, value: event._id, alternative: false, ignoreCase: false }];
	const table = 'auditEvents';
	const refusal = 'is not a table of sign-in';
	await expect(t.mutation(internal.auth.store.create, { table, row: { action: 'x' } })).rejects.toThrow(refusal);
	await expect(t.mutation(internal.auth.store.remove, { table, where, limit: 1 })).rejects.toThrow(refusal);
	const change = { table, where, set: { ip: 'x' }, increment: {}, all: true };
	await expect(t.mutation(internal.auth.store.change, change)).rejects.toThrow(refusal);
	// By the id of an event under the name of another table.
	const under = await t.mutation(internal.auth.store.remove, { table: 'users', where, limit: 1 });
	expect(under.count).toBe(0);
	expect(await t.run(async (ctx) => ctx.db.query('auditEvents').take(10))).toEqual(before);
});

test('writes are recognised in whatever form they stand', () => {
	const source = `
		await ctx.db.patch('auditEvents', id, {});
		await db.delete(id);
		await context.inner.db.replace(\`auditEvents\`, id, {});
		cache.delete(id);`;
	expect(writesIn('x.ts', source)).toEqual([
		{ file: 'x.ts', method: 'patch', table: 'auditEvents' },
		{ file: 'x.ts', method: 'delete', table: null },
		{ file: 'x.ts', method: 'replace', table: 'auditEvents' }
	]);
});
