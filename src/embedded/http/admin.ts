/** What the CLI asks besides pushes and functions: configuration, environment variables, logs. */
import { z } from 'zod';
import { EnvironmentRefusal } from '../engine/client.ts';
import { readJson } from './body.ts';
import { requireAdmin, sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const LOG_POLL_MS = 60_000;

const configRequest = z.looseObject({ adminKey: z.string() });
const environmentChanges = z.object({
	changes: z.array(
		z.object({
			name: z.string(),
			value: z.string().nullish()
		})
	)
});

/** Where the deployment and its HTTP actions are. */
export async function canonicalUrls(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { cloudUrl, siteUrl } = exchange.deployment;
	sendJson(exchange, JSON.stringify({ convexCloudUrl: cloudUrl, convexSiteUrl: siteUrl }));
}

/** Whether the key in the header is the admin's. */
export async function checkAdminKey(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	sendJson(exchange, JSON.stringify({ success: true, allowedOps: [], isReadOnly: false }));
}

/** The inferred shape of each table. Nothing is inferred here, which is an answer that the CLI knows. */
export async function tableShapes(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const names = await exchange.deployment.engine.tableNames(exchange.url.searchParams.get('component') ?? '');
	sendJson(exchange, JSON.stringify(Object.fromEntries(names.map((name) => [name, { type: 'Unknown' }]))));
}

/** Hashes of what is deployed, so that a push sends only what has changed. */
export async function configHashes(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { adminKey } = await readJson(exchange.request, configRequest, MAX_BODY_BYTES);
	const { engine, pushes, adminKey: key } = exchange.deployment;
	key.check(adminKey);
	const moduleHashes = (await engine.modules()).map(({ path, hash, environment }) => ({ path, hash, environment }));
	sendJson(
		exchange,
		JSON.stringify({ config: { functions: pushes.functionsPath }, moduleHashes, nodeDependencies: [] })
	);
}

/** Sets and removes environment variables; functions see them at once. */
export async function updateEnvironment(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { changes } = await readJson(exchange.request, environmentChanges, MAX_BODY_BYTES);
	const { engine, hub, authentication } = exchange.deployment;
	try {
		await engine.setEnvironment(changes.map(({ name, value }) => ({ name, value: value ?? null })));
	} catch (error) {
		if (error instanceof EnvironmentRefusal) throw new RequestFailure(400, error.code, error.message);
		throw error;
	}
	authentication.forgetProviders();
	hub.invalidateEverything();
	exchange.response.writeHead(200, { 'content-length': 0 }).end();
}

/** Long poll for function completions after a cursor. */
export async function streamFunctionLogs(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const cursor = Number(exchange.url.searchParams.get('cursor') ?? 0);
	const gone = new AbortController();
	exchange.response.on('close', () => gone.abort());
	const page = await exchange.deployment.logs.poll(Number.isFinite(cursor) ? cursor : 0, LOG_POLL_MS, gone.signal);
	if (!gone.signal.aborted) sendJson(exchange, JSON.stringify(page));
}
