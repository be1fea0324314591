/** One request and its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authentication } from '../auth/authentication.ts';
import type { AdminKey } from '../auth/adminKey.ts';
import type { LogBuffer } from '../cli/logBuffer.ts';
import type { Signer } from '../engine/secret.ts';
import type { Engine } from '../engine/engine.ts';
import type { Pushes } from '../push/pushes.ts';
import type { SubscriptionHub } from '../sync/hub.ts';
import type { SystemQueries } from '../sync/liveRuns.ts';
import type { Exports } from '../snapshots/exports.ts';
import type { Imports } from '../snapshots/imports.ts';
import { RequestFailure } from './failure.ts';

/** What request handlers work with. */
export interface Deployment {
	readonly engine: Engine;
	readonly authentication: Authentication;
	readonly adminKey: AdminKey;
	readonly hub: SubscriptionHub;
	readonly systemQueries: SystemQueries;
	readonly pushes: Pushes;
	readonly logs: LogBuffer;
	readonly exports: Exports;
	readonly imports: Imports;
	readonly signer: Signer;
	readonly cloudUrl: string;
	readonly siteUrl: string;
	readonly dataDir: string;
}

export interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly url: URL;
	readonly deployment: Deployment;
}

/** Answers with JSON text. */
export function sendJson({ response }: Pick<Exchange, 'response'>, json: string, status = 200): void {
	response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
	response.end(json);
}

/** Answers `{code, message}`, unless an answer has begun: then the connection is cut. */
export function sendFailure({ response }: Pick<Exchange, 'response'>, { status, code, message }: RequestFailure): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	const { req } = response;
	// Whoever is still sending a body would not hear an answer on a connection that is cut: the rest is read and dropped.
	if (req.destroyed) response.setHeader('connection', 'close');
	else req.resume();
	sendJson({ response }, JSON.stringify({ code, message }), status);
}

/** Throws unless the Authorization header carries the admin key. */
export async function requireAdmin({ request, deployment }: Exchange): Promise<void> {
	const { identity } = await deployment.authentication.fromHeader(request.headers.authorization);
	if (identity.kind !== 'admin')
		throw new RequestFailure(403, 'AdminOnly', 'This needs the admin key of the deployment.');
}
