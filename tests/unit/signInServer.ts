/** An embedded deployment with our functions and a mail server, asked as the server of the pages asks it. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { vi } from 'vitest';
import { z } from 'zod';
import { convexCommand, convexEnvironment } from '../../scripts/product/cli.ts';
import { callFunction, prepareEnvironment } from '../../scripts/product/environment.ts';
import { offerFirstAccount } from '../../scripts/product/firstRun.ts';
import { Processes } from '../../scripts/product/processes.ts';
import { startDeployment } from '../../src/embedded/deployment.ts';
import type { RunningDeployment } from '../../src/embedded/deployment.ts';

export const PAGES = 'http://127.0.0.1:4399';

export interface Account {
	readonly name: string;
	readonly email: string;
	readonly password: string;
}

interface Ask {
	readonly cookie?: string;
	readonly client?: string;
	readonly secret?: string;
	readonly origin?: string;
	readonly body?: object;
}

const answered = z.object({ value: z.unknown() });
const tokenSchema = z.object({ token: z.string() });
const withId = z.looseObject({ id: z.string() });
const found = z.array(z.object({ row: z.record(z.string(), z.unknown()) }));

export class SignInServer {
	/** What the mail server took, as it was sent. */
	readonly letters: string[] = [];
	readonly deployment: RunningDeployment;
	#folder: string;
	#mail: SMTPServer;
	#proxySecret = '';
	#clients = 10;

	private constructor(deployment: RunningDeployment, folder: string) {
		this.deployment = deployment;
		this.#folder = folder;
		this.#mail = new SMTPServer({
			authOptional: true,
			disabledCommands: ['STARTTLS'],
			onData: (stream, _session, done) => {
				let text = '';
				stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
				stream.on('end', () => {
					this.letters.push(text.replaceAll('=\r\n', '').replaceAll('=3D', '='));
					done();
				});
			}
		});
	}

	/** With these settings and a mail server. */
	static async start(settings: Record<string, string> = {}): Promise<SignInServer> {
		const folder = mkdtempSync(join(tmpdir(), 'plumbline-sign-in-'));
		const deployment = await startDeployment({
			dataDir: folder,
			appDir: resolve('.'),
			port: 0,
			allowedOrigins: [PAGES]
		});
		const server = new SignInServer(deployment, folder);
		server.#mail.listen(0, '127.0.0.1');
		await once(server.#mail.server, 'listening');
		await server.configure({ ...settings, ...server.mail });
		const code = await new Processes(() => {}).run({
			speaker: 'convex',
			command: convexCommand('deploy', '-y', '--typecheck', 'disable', '--codegen', 'disable'),
			environment: convexEnvironment(deployment)
		});
		if (code !== 0) throw new Error(`The functions could not be pushed (${code}).`);
		return server;
	}

	/** The setting that sends letters to the mail server. */
	get mail(): Record<string, string> {
		const { port } = z.object({ port: z.number() }).parse(this.#mail.server.address());
		return { PLUMBLINE_SMTP_URL: `smtp://127.0.0.1:${port}` };
	}

	/** Sets these settings and no other. */
	async configure(settings: Record<string, string>): Promise<void> {
		const { PLUMBLINE_PROXY_SECRET } = await prepareEnvironment(this.deployment, { PLUMBLINE_URL: PAGES, ...settings });
		this.#proxySecret = PLUMBLINE_PROXY_SECRET;
	}

	async close(): Promise<void> {
		await this.deployment.close();
		this.#mail.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}

	/** An address that has met no limit yet. */
	newClient(): string {
		return `192.0.2.${(this.#clients += 1)}`;
	}

	/** Asks `/api/<path>`. `cookie` of the answer is what it set, for the next request. */
	async ask(path: string, asked: Ask = {}) {
		const { cookie = '', client = '192.0.2.1', secret = this.#proxySecret, origin = PAGES, body } = asked;
		const response = await fetch(`${this.deployment.siteUrl}/api/${path}`, {
			method: body ? 'POST' : 'GET',
			redirect: 'manual',
			headers: {
				'x-plumbline-proxy': secret,
				'x-plumbline-client': client,
				origin,
				cookie,
				...(body ? { 'content-type': 'application/json' } : {})
			},
			body: body && JSON.stringify(body)
		});
		const answer: unknown = await response.json().catch(() => null);
		const cookies = response.headers.getSetCookie();
		return {
			status: response.status,
			answer,
			location: response.headers.get('location'),
			cookies,
			cookie: cookies.map((one) => one.split(';')[0]).join('; ')
		};
	}

	/** By password, from an address of its own. */
	async signIn({ email, password }: Pick<Account, 'email' | 'password'>) {
		return await this.ask('auth/sign-in/email', { client: this.newClient(), body: { email, password } });
	}

	/** The code that a start offers for the first account; null when there is one. */
	async setupCode(): Promise<string | null> {
		const offer = await offerFirstAccount(this.deployment, PAGES);
		return offer && (/code ([A-Z0-9-]+)$/.exec(offer)?.[1]?.replaceAll('-', '') ?? null);
	}

	/** Makes the first account. */
	async setUp(owner: Account): Promise<void> {
		const { answer } = await this.ask('entry/setup', { body: { ...owner, code: await this.setupCode() } });
		z.object({ outcome: z.literal('made') }).parse(answer);
	}

	/** Invites an address to the first workspace of whoever holds the cookie; gives the invitation's id. */
	async invite(cookie: string, email: string, role = 'viewer'): Promise<string> {
		const [workspace] = z.array(withId).parse((await this.ask('auth/organization/list', { cookie })).answer);
		const body = { email, role, organizationId: workspace?.id };
		return withId.parse((await this.ask('auth/organization/invite-member', { cookie, body })).answer).id;
	}

	/** The token that a page shows to the deployment, for a cookie. */
	async token(cookie: string): Promise<string> {
		return tokenSchema.parse((await this.ask('auth/token', { cookie })).answer).token;
	}

	/** Who the deployment takes the holder of a token for. */
	async viewer(token: string): Promise<unknown> {
		const response = await fetch(`${this.deployment.url}/api/query`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
			body: JSON.stringify({ path: 'viewer:current', args: {}, format: 'json' })
		});
		return answered.parse(await response.json()).value;
	}

	/** The rows of a table of sign-in where fields are so. */
	async rows(table: string, fields: Record<string, string> = {}) {
		const where = conditions(fields);
		const args = { table, where, limit: 50, offset: 0, sortBy: null, joins: [] };
		return found.parse(await callFunction(this.deployment, 'auth/store:find', args)).map(({ row }) => row);
	}

	/** Changes rows behind Better Auth's back: what time or a confirmation that is tested elsewhere would have done. */
	async change(table: string, fields: Record<string, string>, set: Record<string, string | number | boolean>) {
		const args = { table, where: conditions(fields), set, increment: {}, all: true };
		await callFunction(this.deployment, 'auth/store:change', args);
	}

	/** Whether the deployment keeps a text in clear, anywhere in its folder. */
	keeps(text: string): boolean {
		const files = readdirSync(this.#folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
		return files.some((file) => readFileSync(join(file.parentPath, file.name)).includes(text));
	}

	/** The next letter to an address, once `already` have come. */
	async letterTo(email: string, already = 0): Promise<string> {
		const to = () => this.letters.filter((letter) => letter.includes(`To: ${email}`));
		return await vi.waitFor(
			() => {
				const letter = to()[already];
				if (letter === undefined) throw new Error(`No letter ${already + 1} to ${email} has come.`);
				return letter;
			},
			{ timeout: 20_000 }
		);
	}
}

function conditions(fields: Record<string, string>) {
	return Object.entries(fields).map(([field, value]) => ({
		field,
		operator: 'eq',
		value,
		alternative: false,
		ignoreCase: false
	}));
}
