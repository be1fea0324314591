// @vitest-environment node
/** Sign-in through the real HTTP action, as the server of the pages calls it, and what the audit log then says. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Doc } from '../_generated/dataModel.js';
import { Browser, email, PASSWORD, setSignInUp, withAda } from './browser.testing.ts';
import type { Deployment } from '../harness.testing.ts';

beforeEach(setSignInUp);
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

const events = (t: Deployment): Promise<Doc<'auditEvents'>[]> =>
	t.run(async (ctx) => ctx.db.query('auditEvents').take(100));
const actions = async (t: Deployment) => (await events(t)).map(({ action }) => action);

test('signing in, failing to, signing out, and a changed password stand in the log with where from', async () => {
	const { t, browser, userId } = await withAda();
	await browser.post('/sign-out', {});
	const elsewhere = new Browser(t);
	expect(await elsewhere.post('/sign-in/email', { email, password: 'wrong wrong wrong' })).toMatchObject({
		status: 401
	});
	await elsewhere.post('/sign-in/email', { email: 'nobody@example.com', password: 'wrong wrong wrong' });
	expect(await elsewhere.post('/sign-in/email', { email, password: PASSWORD })).toMatchObject({ status: 200 });
	const change = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
	expect(await elsewhere.post('/change-password', change)).toMatchObject({ status: 200 });
	await elsewhere.post('/request-password-reset', { email });
	expect(await events(t)).toMatchObject([
		{ action: 'signIn.ended', actor: { kind: 'user', id: userId, name: 'Ada' }, ip: '203.0.113.7' },
		{ action: 'signIn.failed', actor: { kind: 'stranger' }, target: { id: userId }, userAgent: 'Test browser' },
		{ action: 'signIn.succeeded', actor: { id: userId }, ip: '203.0.113.7', userAgent: 'Test browser' },
		{ action: 'password.changed', actor: { id: userId } },
		{ action: 'password.resetAsked', actor: { kind: 'stranger' }, target: { id: userId } }
	]);
	const written = JSON.stringify(await events(t));
	for (const secret of [PASSWORD, 'another horse', 'wrong wrong']) expect(written).not.toContain(secret);
});

test('what is done to a workspace and its invitations stands in the log of that workspace', async () => {
	const { t, browser } = await withAda();
	const made = await browser.post('/organization/create', { name: 'Shop', slug: 'shop' });
	const { id: organizationId } = z.looseObject({ id: z.string() }).parse(made.answer);
	await browser.post('/organization/update', { organizationId, data: { name: 'Shop 2' } });
	const guest = { email: 'bob@example.com', role: 'viewer', organizationId };
	const invited = await browser.post('/organization/invite-member', guest);
	const { id: invitationId } = z.looseObject({ id: z.string() }).parse(invited.answer);
	expect(await browser.post('/organization/cancel-invitation', { invitationId })).toMatchObject({ status: 200 });
	expect(await events(t)).toMatchObject([
		{ action: 'workspace.made', workspaceId: organizationId, target: { name: 'Shop' } },
		{ action: 'workspace.renamed', workspaceId: organizationId, target: { name: 'Shop 2' } },
		{ action: 'invitation.made', target: { name: 'bob@example.com' }, detail: { role: 'viewer' } },
		{ action: 'invitation.revoked', target: { name: 'bob@example.com' } }
	]);
});

test('what is refused is not in the log', async () => {
	const { t, browser } = await withAda();
	await browser.post('/change-password', { currentPassword: 'wrong wrong', newPassword: 'another horse battery' });
	await browser.post('/organization/cancel-invitation', { invitationId: 'none' });
	await new Browser(t).post('/change-password', { currentPassword: PASSWORD, newPassword: 'another horse battery' });
	expect(await actions(t)).toEqual([]);
});
