/** An app in a temporary folder and a deployment for it, driven by the unmodified CLI and client. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import type { Value } from 'convex/values';
import { z } from 'zod';
import { startDeployment } from './deployment.ts';
import type { RunningDeployment } from './deployment.ts';
import { createTestApp, startOnSmallDisk, startProcess } from './testApp.testing.ts';
import type { CliRun, DeploymentProcess, TestApp } from './testApp.testing.ts';

export type Arguments = Record<string, Value>;

/** Flags of pushes whose types matter to no test. */
export const FAST = ['--typecheck', 'disable', '--codegen', 'disable'];

const answer = z.object({ status: z.string(), value: z.unknown().optional(), errorMessage: z.string().optional() });

interface AdminCall {
	readonly component?: string;
	/** The user whom the admin acts for. */
	readonly subject?: string;
}

type Start<D extends RunningDeployment> = (dataDir: string, appDir: string, port: number) => Promise<D>;

export class DeployedApp<D extends RunningDeployment = RunningDeployment> {
	readonly app: TestApp;
	readonly dataDir: string;
	readonly #start: Start<D>;
	deployment: D;
	client: ConvexClient;

	private constructor(app: TestApp, dataDir: string, start: Start<D>, deployment: D) {
		this.app = app;
		this.dataDir = dataDir;
		this.#start = start;
		this.deployment = deployment;
		this.client = new ConvexClient(deployment.url, { logger: false });
	}

	/** The small app, or one of the corpus, on a deployment in this process. Nothing is pushed yet. */
	static start(corpus?: string): Promise<DeployedApp> {
		return DeployedApp.#open(corpus, (dataDir, appDir, port) => startDeployment({ dataDir, appDir, port }));
	}

	/** The same on a deployment in a process of its own, which can be killed. */
	static startApart(corpus?: string): Promise<DeployedApp<DeploymentProcess>> {
		return DeployedApp.#open(corpus, (dataDir, appDir, port) => startProcess(dataDir, port, '--app', appDir));
	}

	/** The same, where no file may become larger than this. */
	static startOnSmallDisk(bytes: number): Promise<DeployedApp<DeploymentProcess>> {
		return DeployedApp.#open(undefined, (dataDir, appDir, port) =>
			startOnSmallDisk(bytes, dataDir, port, '--app', appDir)
		);
	}

	static async #open<D extends RunningDeployment>(corpus: string | undefined, start: Start<D>) {
		const app = createTestApp(corpus);
		const dataDir = mkdtempSync(path.join(tmpdir(), 'deployed-'));
		return new DeployedApp(app, dataDir, start, await start(dataDir, app.dir, 0));
	}

	/** Stops the deployment and starts it again where it was. */
	async restart(): Promise<void> {
		await this.client.close();
		await this.deployment.close();
		await this.startAgain();
	}

	/** Starts a deployment that has ended, for clients that are still there, too. */
	async startAgain(): Promise<void> {
		this.deployment = await this.#start(this.dataDir, this.app.dir, Number(new URL(this.deployment.url).port));
		this.client = new ConvexClient(this.deployment.url, { logger: false });
	}

	async close(): Promise<void> {
		await this.client.close();
		await this.deployment.close();
		this.app.remove();
		rmSync(this.dataDir, { recursive: true, force: true });
	}

	query(name: string, args: Arguments = {}): Promise<unknown> {
		return this.client.query(makeFunctionReference<'query'>(name), args);
	}

	mutation(name: string, args: Arguments = {}): Promise<unknown> {
		return this.client.mutation(makeFunctionReference<'mutation'>(name), args);
	}

	/** Every answer of a live query, as it comes. */
	live(name: string, args: Arguments): unknown[] {
		const seen: unknown[] = [];
		this.client.onUpdate(makeFunctionReference<'query'>(name), args, (value) => void seen.push(value));
		return seen;
	}

	/** Over HTTP, with the admin key. */
	async asAdmin(kind: 'query' | 'mutation' | 'action', name: string, args: Arguments, call: AdminCall = {}) {
		const body = { path: name, args, componentPath: call.component, format: 'json' };
		return answer.parse(await (await this.post(kind, body, call.subject)).json());
	}

	async setVariables(variables: Record<string, string>): Promise<void> {
		const changes = Object.entries(variables).map(([name, value]) => ({ name, value }));
		const response = await this.post('update_environment_variables', { changes });
		if (!response.ok) throw new Error(await response.text());
	}

	post(endpoint: string, body: unknown, subject?: string): Promise<Response> {
		const user = JSON.stringify({ subject, issuer: 'https://convex.test' });
		const actingAs = subject === undefined ? '' : `:${Buffer.from(user).toString('base64')}`;
		return fetch(`${this.deployment.url}/api/${endpoint}`, {
			method: 'POST',
			headers: { authorization: `Convex ${this.deployment.adminKey}${actingAs}`, 'content-type': 'application/json' },
			body: JSON.stringify(body)
		});
	}

	/** Output of a command that must succeed. */
	async convex(...args: string[]): Promise<string> {
		const { code, output } = await this.run(...args);
		if (code !== 0) throw new Error(output);
		return output;
	}

	/** Output of a command that must fail. */
	async refused(...args: string[]): Promise<string> {
		const { code, output } = await this.run(...args);
		if (code !== 1) throw new Error(`ended with ${code}: ${output}`);
		return output;
	}

	run(...args: string[]): Promise<CliRun> {
		return this.app.convex(this.deployment, ...args);
	}

	/** Runs a command that does not end by itself, until what it has written to `output` matches. */
	until(pattern: RegExp, output: { text: string }, ...args: string[]): Promise<void> {
		return this.app.convexUntil(this.deployment, pattern, output, ...args);
	}

	/** A file of the app, such as one that the CLI generated. */
	read(file: string): string {
		return readFileSync(path.join(this.app.dir, file), 'utf8');
	}

	write(file: string, text: string): void {
		this.app.write(file, text);
	}
}
