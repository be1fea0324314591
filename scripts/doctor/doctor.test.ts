/** `npm run doctor` as a person runs it: on a healthy deployment, and on each thing that can be wrong. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as listenOn } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { generateKey } from '../../src/convex/lib/crypto.ts';
import { startDeployment } from '../../src/embedded/deployment.ts';
import { setVariables } from '../product/environment.ts';
import { checkClock, checkNode } from './machine.ts';

const root = mkdtempSync(join(tmpdir(), 'plumbline-doctor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const closers: (() => unknown)[] = [];
afterEach(async () => {
	for (const close of closers.splice(0).toReversed()) await close();
});

const reportSchema = z.object({
	state: z.string(),
	findings: z.array(z.object({ about: z.string(), state: z.string(), says: z.string(), advice: z.string().optional() }))
});

let folders = 0;
const newFolder = () => join(root, String(++folders));

interface Report extends z.infer<typeof reportSchema> {
	readonly code: number;
	readonly output: string;
	/** `state says` of every finding about a thing. */
	about(name: string): string[];
}

function doctor(environment: Record<string, string>): Promise<Report> {
	const env = { PATH: process.env['PATH'], PLUMBLINE_DATA: join(root, 'nothing'), ...environment };
	return new Promise((settle, fail) => {
		execFile(process.execPath, ['scripts/doctor.ts', '--json'], { env }, (error, output, errors) => {
			try {
				const report = reportSchema.parse(JSON.parse(output));
				// Whoever is not well is told what to do.
				for (const { state, advice } of report.findings) expect(advice !== undefined).toBe(state !== 'ok');
				const about = (name: string) =>
					report.findings.filter((one) => one.about === name).map(({ state, says }) => `${state} ${says}`);
				settle({ ...report, code: error === null ? 0 : 1, output: output + errors, about });
			} catch (cause) {
				fail(new Error(output + errors, { cause }));
			}
		});
	});
}

async function portOf(server: { address(): unknown }): Promise<number> {
	return z.object({ port: z.number() }).parse(server.address()).port;
}

async function serve(answer: RequestListener): Promise<string> {
	const server = createServer(answer);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	closers.push(() => server.close());
	return `http://127.0.0.1:${await portOf(server)}`;
}

/** A deployment without functions, whose environment is as a start leaves it. */
async function runningDeployment(dataDir: string) {
	const deployment = await startDeployment({ dataDir, appDir: process.cwd(), port: 0 });
	closers.push(() => deployment.close());
	await setVariables(deployment, [
		{ name: 'PLUMBLINE_SECRET_KEYS', value: generateKey('k1') },
		{ name: 'BETTER_AUTH_SECRET', value: 'a'.repeat(43) },
		{ name: 'PLUMBLINE_PROXY_SECRET', value: 'b'.repeat(43) }
	]);
	return deployment;
}

describe('this machine', () => {
	it('is fine before the first start, and nothing is made', async () => {
		const report = await doctor({});
		expect(report.about('Node')).toEqual([expect.stringMatching(/^ok/)]);
		expect(report.about('Data')).toEqual([expect.stringMatching(/^ok .* will be made/)]);
		expect(report.about('Clock')).toEqual([expect.stringMatching(/^ok/)]);
		expect(report.about('Ports')).toEqual([expect.stringMatching(/^ok/)]);
		expect(report.code).toBe(0);
		expect(report.about('Deployment')).toEqual([]);
	});

	it('has a Node that is new enough, or is told', () => {
		expect(checkNode('24.21.0').state).toBe('ok');
		expect(checkNode('22.18.0').state).toBe('ok');
		for (const version of ['22.17.9', '20.19.0', '18.0.0']) expect(checkNode(version).state).toBe('failing');
	});

	it('has a clock that keeps going, or is told', async () => {
		expect((await checkClock(async () => {})).state).toBe('ok');
		const { now } = Date;
		try {
			const jumped = await checkClock(async () => {
				Date.now = () => now() + 3_600_000;
			});
			expect(jumped).toMatchObject({ state: 'attention', says: expect.stringMatching(/set by 3[56]\d{5} ms/) });
			Date.now = () => Date.parse('1970-01-01');
			expect(await checkClock(async () => {})).toMatchObject({
				state: 'failing',
				says: expect.stringContaining('1970')
			});
		} finally {
			Date.now = now;
		}
	});

	it('says which port is taken', async () => {
		const other = listenOn();
		other.listen(0, '127.0.0.1');
		await once(other, 'listening');
		closers.push(() => other.close());
		const port = String(await portOf(other));
		for (const name of ['PORT', 'CONVEX_PORT']) {
			const report = await doctor({ [name]: port });
			expect(report.about('Ports')).toEqual([`failing ${name}=${port} is used by another program.`]);
			expect(report.code).toBe(1);
		}
	});

	it.each([
		[{ PLUMBLINE_URL: 'numbers' }, /PLUMBLINE_URL must be/],
		[{ PORT: 'http' }, /PORT must be/],
		[{ PLUMBLINE_TRUSTED_PROXY: 'proxy' }, /PLUMBLINE_TRUSTED_PROXY must list/],
		[{ PLUMBLINE_ALLOW_PRIVATE_HOSTS: 'yes' }, /must be 0 or 1/]
	])('repeats what a start would say of %o', async (environment, sentence) => {
		const report = await doctor(environment);
		expect(report.about('Settings')).toEqual([expect.stringMatching(sentence)]);
		expect(report.code).toBe(1);
	});

	it.each([
		[{}, 'ok'],
		[{ PLUMBLINE_URL: 'http://numbers.lan' }, 'attention'],
		[{ PLUMBLINE_URL: 'https://numbers.example.com' }, 'attention'],
		[{ PLUMBLINE_TRUSTED_PROXY: '127.0.0.1' }, 'attention'],
		[{ PLUMBLINE_URL: 'https://numbers.example.com', PLUMBLINE_TRUSTED_PROXY: '127.0.0.1' }, 'ok'],
		[{ PLUMBLINE_URL: 'http://localhost:3000' }, 'ok']
	])('finds %o %s', async (environment, state) => {
		const report = await doctor(environment);
		expect(report.about('URL')).toEqual([expect.stringMatching(new RegExp(`^${state}`))]);
		expect(report.code).toBe(0);
	});
});

describe('the data folder', () => {
	it('is for its owner only', async () => {
		const dataDir = newFolder();
		mkdirSync(dataDir);
		chmodSync(dataDir, 0o755);
		const report = await doctor({ PLUMBLINE_DATA: dataDir });
		expect(report.about('Privacy')).toEqual([expect.stringMatching(/^failing others .* the folder/)]);
		expect(report.findings.find(({ about }) => about === 'Privacy')?.advice).toContain(`chmod -R go-rwx '${dataDir}'`);
	});

	it('has to be a folder that can be written to', async () => {
		const report = await doctor({ PLUMBLINE_DATA: '/proc/1/plumbline' });
		expect(report.about('Data')).toEqual([expect.stringMatching(/^failing .* cannot be made/)]);
	});
});

describe('the deployment', () => {
	it('is asked while it runs: its keys are fine, its functions are missing', async () => {
		const dataDir = newFolder();
		const { url } = await runningDeployment(dataDir);
		const report = await doctor({ PLUMBLINE_DATA: dataDir });
		expect(report.about('Deployment')).toEqual([`ok ${url} answers.`]);
		expect(report.about('Functions')).toEqual([expect.stringMatching(/^failing they are not on the deployment/)]);
		expect(report.about('Keys')).toEqual([expect.stringMatching(/^ok 1 for credentials/)]);
		expect(report.about('Privacy')).toEqual([expect.stringMatching(/^ok/)]);
		// The pages are not there.
		expect(report.about('Pages')).toEqual([expect.stringMatching(/^attention .* does not answer/)]);
	});

	it('is started for a moment while it does not, and given back', async () => {
		const dataDir = newFolder();
		const deployment = await runningDeployment(dataDir);
		await deployment.close();
		closers.splice(0);
		for (let time = 0; time < 2; time++) {
			const report = await doctor({ PLUMBLINE_DATA: dataDir });
			expect(report.about('Deployment')).toEqual([expect.stringMatching(/^ok .* answers/)]);
			expect(report.about('Keys')).toEqual([expect.stringMatching(/^ok/)]);
		}
	});

	it.each([
		['no key', { PLUMBLINE_SECRET_KEYS: null }, /^failing .*no encryption key/],
		['a key that is none', { PLUMBLINE_SECRET_KEYS: 'k1:planted-key-value' }, /^failing /],
		['no secret of sign-in', { BETTER_AUTH_SECRET: null }, /^failing BETTER_AUTH_SECRET is not set/],
		[
			'a short secret',
			{ PLUMBLINE_PROXY_SECRET: 'planted' },
			/^failing PLUMBLINE_PROXY_SECRET is not set, or too short/
		]
	])('with %s is told of, without a value', async (_what, variables, sentence) => {
		const dataDir = newFolder();
		const deployment = await runningDeployment(dataDir);
		await setVariables(
			deployment,
			Object.entries(variables).map(([name, value]) => ({ name, value }))
		);
		const report = await doctor({ PLUMBLINE_DATA: dataDir });
		expect(report.about('Keys')).toEqual([expect.stringMatching(sentence)]);
		expect(report.output).not.toContain('planted');
		expect(report.output).not.toContain(deployment.adminKey);
		expect(report.code).toBe(1);
	});

	it('elsewhere that is away, refuses the key, or has another time is told of', async () => {
		const away = await doctor({
			CONVEX_SELF_HOSTED_URL: 'http://127.0.0.1:9',
			CONVEX_SELF_HOSTED_ADMIN_KEY: 'planted'
		});
		expect(away.about('Deployment')).toEqual([
			expect.stringMatching(/^failing http:\/\/127\.0\.0\.1:9 does not answer/)
		]);
		const dataDir = newFolder();
		const { url } = await runningDeployment(dataDir);
		const refused = await doctor({ CONVEX_SELF_HOSTED_URL: url, CONVEX_SELF_HOSTED_ADMIN_KEY: 'planted-wrong-key' });
		expect(refused.about('Deployment')).toContainEqual(expect.stringMatching(/check the admin key/));
		expect(refused.output).not.toContain('planted');
		const late = await serve((_request, response) => {
			response.writeHead(200, { date: new Date(Date.now() - 3_600_000).toUTCString() }).end('{}');
		});
		const skewed = await doctor({ CONVEX_URL: late });
		expect(skewed.about('Clock')).toContainEqual(expect.stringMatching(/^failing .*36\d\d s behind/));
		const full = await serve((_request, response) => void response.writeHead(503).end('The disk is full.'));
		expect((await doctor({ CONVEX_URL: full })).about('Deployment')).toEqual([
			expect.stringMatching(/^failing .* answers 503: The disk is full/)
		]);
	});
});

describe('the pages', () => {
	it('that answer are seen, and another program is not taken for them', async () => {
		const ours = await serve((_request, response) => void response.end('{"status":"ok","version":"0.1.0"}'));
		const port = new URL(ours).port;
		expect((await doctor({ PORT: port })).about('Pages')).toEqual([`ok ${ours} answers (version 0.1.0).`]);
		const dataDir = newFolder();
		await runningDeployment(dataDir);
		const other = await serve((_request, response) => void response.end('hello'));
		const report = await doctor({ PLUMBLINE_DATA: dataDir, PLUMBLINE_URL: other, PORT: port });
		expect(report.about('Pages')).toEqual([
			`ok ${ours} answers (version 0.1.0).`,
			`failing ${other} answers 200, and is not Plumbline.`
		]);
		const ill = await serve((_request, response) => void response.end('{"status":"unavailable","version":"0.1.0"}'));
		expect((await doctor({ PORT: new URL(ill).port })).about('Pages')).toEqual([
			expect.stringMatching(/^failing .* its deployment does not/)
		]);
	});
});

describe('mail', () => {
	async function mailServer(): Promise<string> {
		const server = new SMTPServer({
			authMethods: ['PLAIN'],
			allowInsecureAuth: true,
			disabledCommands: ['STARTTLS'],
			onAuth: (auth, _session, done) =>
				auth.password === 'planted-right' ? done(null, { user: auth.username }) : done(new Error('planted-refusal'))
		});
		server.listen(0, '127.0.0.1');
		await once(server.server, 'listening');
		closers.push(() => new Promise<void>((closed) => server.close(() => closed())));
		return `127.0.0.1:${await portOf(server.server)}`;
	}

	it.each([
		['planted-right', /^ok 127\.0\.0\.1:\d+ lets Plumbline in/, 0],
		['planted-wrong', /^failing 127\.0\.0\.1:\d+ does not let Plumbline in \(EAUTH\)/, 1]
	])('with the password %s', async (password, sentence, code) => {
		const report = await doctor({ PLUMBLINE_SMTP_URL: `smtp://plumbline:${password}@${await mailServer()}` });
		expect(report.about('Mail')).toEqual([expect.stringMatching(sentence)]);
		expect(report.output).not.toContain('planted');
		expect(report.code).toBe(code);
	});

	it('whose server is away', async () => {
		const report = await doctor({ PLUMBLINE_SMTP_URL: 'smtp://plumbline:planted@127.0.0.1:9' });
		expect(report.about('Mail')).toEqual([expect.stringMatching(/^failing 127\.0\.0\.1:9 .*\(E[A-Z]+\)/)]);
		expect(report.output).not.toContain('planted');
	});
});
