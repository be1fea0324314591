/** A Convex-compatible deployment in one process: the engine behind loopback sockets, over one data folder. */
import { chmodSync, mkdirSync } from 'node:fs';
import { loadAdminKey } from './auth/adminKey.ts';
import { createBackend } from './backend.ts';
import { createEngine } from './engine/client.ts';
import type { Limits } from './engine/limits.ts';
import { OriginGuard } from './http/guard.ts';
import { closeServer, createHttpServer, listen } from './http/server.ts';
import type { Backend } from './http/server.ts';
import { lockFolder } from './lock.ts';

export interface DeploymentOptions {
	/** Everything that is kept: made if need be, for its owner only. */
	readonly dataDir: string;
	/** The app's folder, whose node_modules the "use node" actions may import from. */
	readonly appDir: string;
	/** A loopback address. */
	readonly host?: '127.0.0.1' | '::1' | 'localhost';
	/** 0 takes a free one. */
	readonly port: number;
	/** Of the HTTP actions; port + 1, or a free one when that is taken. */
	readonly sitePort?: number;
	/** Instead of the key that was made at the first start. */
	readonly adminKey?: string;
	/** Origins of pages that may talk to the deployment, as `http://localhost:5173`. */
	readonly allowedOrigins?: readonly string[];
	/** Whether a browser's page may show the admin key on its socket: so it is in Convex, and by default. */
	readonly adminKeyFromPages?: boolean;
	/** `full` survives a power cut; `normal` survives a crash of the process. */
	readonly durability?: 'normal' | 'full';
	/** Instead of the usual ones; `limitsFrom` reads them from environment variables. */
	readonly limits?: Partial<Limits>;
	/** Hears one sentence at a time about what went wrong inside. */
	readonly log?: (sentence: string) => void;
}

export interface RunningDeployment {
	readonly url: string;
	readonly siteUrl: string;
	readonly adminKey: string;
	/** Stops taking requests, lets running ones finish for a moment, and gives the folder back. */
	close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const REQUEST_GRACE_MS = 1_500;
const ENGINE_GRACE_MS = 2_500;

/** Starts a deployment. Rejects with a sentence when it cannot: folder in use, port taken, store corrupt. */
export async function startDeployment(options: DeploymentOptions): Promise<RunningDeployment> {
	const { dataDir, host = '127.0.0.1', log = () => undefined } = options;
	if (!LOOPBACK.has(host)) throw new Error(`The deployment listens on loopback addresses only, and ${host} is none.`);
	const guard = new OriginGuard(options.allowedOrigins ?? []);
	mkdirSync(dataDir, { recursive: true, mode: 0o700 });
	chmodSync(dataDir, 0o700);
	const lock = lockFolder(dataDir);
	const backend = Promise.withResolvers<Backend>();
	backend.promise.catch(() => undefined);
	const serving = { guard, backend: backend.promise, report: log };
	const main = createHttpServer(serving, false);
	const site = createHttpServer(serving, true);
	const undo: (() => Promise<void> | void)[] = [
		() => lock.release(),
		async () => {
			await Promise.all([closeServer(main, REQUEST_GRACE_MS), closeServer(site, REQUEST_GRACE_MS)]);
		}
	];
	const close = async (): Promise<void> => {
		for (let step = undo.pop(); step; step = undo.pop()) await step();
	};
	try {
		const adminKey = loadAdminKey(dataDir, options.adminKey);
		const name = host === '::1' ? '[::1]' : host;
		const url = `http://${name}:${await listen(main, host, options.port)}`;
		const siteUrl = `http://${name}:${await listenForSite(site, host, url, options.sitePort)}`;
		const { appDir, limits = {}, durability = 'normal' } = options;
		const engine = await createEngine({ dataDir, appDir, siteUrl, cloudUrl: url, durability, limits, report: log });
		undo.splice(1, 0, () => withinGrace(engine.close()));
		const { adminKeyFromPages } = options;
		const asked = { adminKey, dataDir, cloudUrl: url, siteUrl, adminKeyFromPages, report: log };
		const started = createBackend(engine, asked);
		undo.push(() => {
			started.deployment.logs.close();
			return started.sync.close().finally(() => started.deployment.hub.close());
		});
		backend.resolve(started);
		lock.announce(url);
		return { url, siteUrl, adminKey, close };
	} catch (error) {
		backend.reject(error);
		await close();
		throw error;
	}
}

/** The port after the main one by preference, so that it stays the same over restarts. */
async function listenForSite(
	site: Parameters<typeof listen>[0],
	host: string,
	url: string,
	wanted: number | undefined
): Promise<number> {
	if (wanted !== undefined) return await listen(site, host, wanted);
	return await listen(site, host, Number(new URL(url).port) + 1).catch(() => listen(site, host, 0));
}

async function withinGrace(closing: Promise<void>): Promise<void> {
	const late = Promise.withResolvers<void>();
	const timer = setTimeout(() => late.resolve(), ENGINE_GRACE_MS);
	await Promise.race([closing, late.promise]);
	clearTimeout(timer);
}
