/** Sign-in through the real HTTP action, as the server of the pages calls it. */
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { deployEmpty, makeWorkspace } from '../harness.testing.ts';
import type { Deployment } from '../harness.testing.ts';

const PROXY_SECRET = 'a secret of the proxy';
const URL = 'http://127.0.0.1:3000';
export const PASSWORD = 'correct horse battery';
const BROWSER = { 'x-plumbline-client': '203.0.113.7', 'user-agent': 'Test browser' };

/** One browser: keeps its cookies. */
export class Browser {
	readonly #t: Deployment;
	readonly #cookies = new Map<string, string>();

	constructor(t: Deployment) {
		this.#t = t;
	}

	async post(path: string, body: unknown): Promise<{ status: number; answer: unknown }> {
		return await this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
	}

	async get(path: string): Promise<{ status: number; answer: unknown }> {
		return await this.#ask(path, { method: 'GET' });
	}

	async #ask(path: string, init: { method: string; body?: string }): Promise<{ status: number; answer: unknown }> {
		const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		const response = await this.#t.fetch(`/api/auth${path}`, {
			...init,
			headers: {
				...BROWSER,
				'content-type': 'application/json',
				'x-plumbline-proxy': PROXY_SECRET,
				origin: URL,
				cookie
			}
		});
		for (const line of response.headers.getSetCookie()) {
			const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
			this.#cookies.set(name, value);
		}
		return { status: response.status, answer: await response.json().catch(() => null) };
	}
}

export const email = 'ada@example.com';

/** Ada, who owns a workspace, in her browser. */
export async function withAda() {
	vi.useRealTimers();
	const t = deployEmpty();
	vi.useRealTimers();
	const browser = new Browser(t);
	const made = await browser.post('/sign-up/email', { name: 'Ada', email, password: PASSWORD });
	expect(made).toMatchObject({ status: 200 });
	const { user } = z.object({ user: z.object({ id: z.string() }) }).parse(made.answer);
	const workspaceId = await makeWorkspace(t);
	await t.run(async (ctx) => {
		const userId = ctx.db.normalizeId('users', user.id);
		if (userId) await ctx.db.insert('members', { workspaceId, userId, role: 'owner', createdAt: Date.now() });
	});
	return { t, browser, workspaceId, userId: user.id };
}

/** The environment of a deployment where sign-in is set up. */
export function setSignInUp(): void {
	vi.stubEnv('BETTER_AUTH_SECRET', 'b'.repeat(43));
	vi.stubEnv('PLUMBLINE_PROXY_SECRET', PROXY_SECRET);
	vi.stubEnv('PLUMBLINE_URL', URL);
	vi.stubEnv('PLUMBLINE_OPEN_REGISTRATION', '1');
	vi.stubEnv('CONVEX_SITE_URL', 'http://127.0.0.1:3211');
}
