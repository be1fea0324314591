// @vitest-environment node
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { INVITATION_DAYS } from '../../lib/config/invitation.ts';
import { Browser, setSignInUp, withAda } from './browser.testing.ts';

beforeEach(setSignInUp);
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

const DAY_MS = 86_400_000;
const invitation = z.looseObject({ id: z.string(), expiresAt: z.coerce.date() });

async function inviter() {
	const { t, browser, workspaceId: organizationId } = await withAda();
	const invite = async (query: string, wanted: object = {}) => {
		const bob = { email: 'bob@example.com', role: 'viewer', organizationId };
		return await browser.post(`/organization/invite-member${query}`, { ...bob, ...wanted });
	};
	/** Days from now, of the only invitation that is open. */
	const open = async () => {
		const rows = await t.run((ctx) => ctx.db.query('invitations').take(10));
		const [row, ...others] = rows.filter(({ status }) => status === 'pending');
		expect(others).toEqual([]);
		return { id: row?._id, days: ((row?.expiresAt ?? 0) - Date.now()) / DAY_MS };
	};
	return { t, invite, open };
}

describe('an invitation expires when its maker said', () => {
	test.each([['', 7], ...INVITATION_DAYS.map((days) => [`?days=${days}`, days] as const)] as const)(
		'"%s": after %i days',
		async (query, days) => {
			const { invite, open } = await inviter();
			expect((await invite(query)).status).toBe(200);
			expect((await open()).days).toBeCloseTo(days, 2);
		}
	);

	test.each(['0', '-1', '2', '31', '7.0', '1e1', '', ' 7', 'x', '999999999'])('"%s" days are refused', async (days) => {
		const { t, invite } = await inviter();
		expect(await invite(`?${new URLSearchParams({ days })}`)).toMatchObject({
			status: 400,
			answer: { code: 'INVITATION_DAYS_NOT_OFFERED', message: expect.stringMatching(/1, 7 or 30 days/) }
		});
		expect(await t.run((ctx) => ctx.db.query('invitations').take(1))).toEqual([]);
	});

	test('the body of the request does not choose it', async () => {
		const { invite, open } = await inviter();
		expect((await invite('', { expiresAt: new Date(Date.now() + 400 * DAY_MS), expiresIn: 400 })).status).toBe(200);
		expect((await open()).days).toBeCloseTo(7, 2);
	});

	test('renewed it keeps its link and has the new time, shorter or longer', async () => {
		const { invite, open } = await inviter();
		const { id } = invitation.parse((await invite('?days=7')).answer);
		for (const days of [30, 1]) {
			await invite(`?days=${days}`, { resend: true });
			const renewed = await open();
			expect(renewed.id).toBe(id);
			expect(renewed.days).toBeCloseTo(days, 2);
		}
	});

	test('one whose time is over cannot be accepted', async () => {
		const { t, invite, open } = await inviter();
		await invite('?days=1');
		const { id } = await open();
		if (id) await t.run((ctx) => ctx.db.patch('invitations', id, { expiresAt: Date.now() - 1 }));
		const bob = new Browser(t);
		const account = { name: 'Bob', email: 'bob@example.com', password: 'correct horse battery', invitationId: id };
		await bob.post('/sign-up/email', account);
		expect((await bob.post('/organization/accept-invitation', { invitationId: id })).status).not.toBe(200);
		expect(await t.run(async (ctx) => (await ctx.db.query('members').take(10)).length)).toBe(1);
	});
});
