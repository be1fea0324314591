/** The app of `corpus/components` on a deployment of its own, pushed by the real CLI and driven by the real client. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import type { Value } from 'convex/values';
import { z } from 'zod';
import { startDeployment } from './deployment.ts';
import type { RunningDeployment } from './deployment.ts';
import { createTestApp } from './testApp.testing.ts';
import type { CliRun, TestApp } from './testApp.testing.ts';

export type Arguments = Record<string, Value>;

/** Waits for what comes by itself. */
export const PATIENT = { timeout: 25_000, interval: 50 };

const answer = z.object({ status: z.string(), value: z.unknown().optional(), errorMessage: z.string().optional() });

interface AdminCall {
	readonly component?: string;
	/** The user whom the admin acts for. */
	readonly subject?: string;
}

export class ComponentsApp {
	readonly app: TestApp;
	readonly #dataDir: string;
	deployment: RunningDeployment;
	client: ConvexClient;

	private constructor(app: TestApp, dataDir: string, deployment: RunningDeployment) {
		this.app = app;
		this.#dataDir = dataDir;
		this.deployment = deployment;
		this.client = new ConvexClient(deployment.url, { logger: false });
	}

	/** Nothing is pushed yet. */
	static async start(): Promise<ComponentsApp> {
		const app = createTestApp('components');
		const dataDir = mkdtempSync(path.join(tmpdir(), 'components-'));
		return new ComponentsApp(app, dataDir, await startDeployment({ dataDir, appDir: app.dir, port: 0 }));
	}

	async restart(): Promise<void> {
		await this.client.close();
		await this.deployment.close();
		this.deployment = await startDeployment({ dataDir: this.#dataDir, appDir: this.app.dir, port: 0 });
		this.client = new ConvexClient(this.deployment.url, { logger: false });
	}

	async close(): Promise<void> {
		await this.client.close();
		await this.deployment.close();
		this.app.remove();
		rmSync(this.#dataDir, { recursive: true, force: true });
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

	run(...args: string[]): Promise<CliRun> {
		return this.app.convex(this.deployment, ...args);
	}

	/** A file of the app, such as one that the CLI generated. */
	read(file: string): string {
		return readFileSync(path.join(this.app.dir, file), 'utf8');
	}
}
