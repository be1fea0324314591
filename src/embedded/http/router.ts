/** From a request to its handler, and from what a handler throws to an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { INSTANCE_NAME } from '../auth/adminKey.ts';
import { AuthenticationFailure } from '../auth/failure.ts';
import { RemoteError } from '../engine/rpc.ts';
import { DiskFailure } from '../engine/death.ts';
import {
	canonicalUrls,
	checkAdminKey,
	configHashes,
	streamFunctionLogs,
	tableShapes,
	updateEnvironment
} from './admin.ts';
import { FileRefusal } from '../files/disk.ts';
import { cancelImport, finishImportUpload, performImport, startImportUpload, uploadImportPart } from './imports.ts';
import { downloadExport, requestExport } from './exports.ts';
import { sendFailure } from './exchange.ts';
import type { Deployment, Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';
import {
	getQuery,
	postAction,
	postFunction,
	postMutation,
	postQuery,
	postQueryAtTs,
	postQueryBatch,
	postQueryTs,
	postRun,
	postTestFunction
} from './functions.ts';
import type { OriginGuard } from './guard.ts';
import { runHttpAction } from './httpActions.ts';
import { evaluatePush, evaluateSchema, finishPush, reportPushCompleted, startPush, waitForSchema } from './push.ts';
import { downloadFile, uploadFile } from './storage.ts';

type Handler = (exchange: Exchange) => void | Promise<void>;

/** By method and path. */
const ROUTES = new Map<string, Handler>([
	['GET /version', sendVersion],
	['GET /instance_name', (exchange) => sendText(exchange, INSTANCE_NAME)],
	['GET /instance_version', (exchange) => sendText(exchange, 'embedded')],
	['GET /api/query', getQuery],
	['POST /api/query', postQuery],
	['POST /api/mutation', postMutation],
	['POST /api/action', postAction],
	['POST /api/function', postFunction],
	['POST /api/run_test_function', postTestFunction],
	['POST /api/export/request/zip', requestExport],
	['POST /api/import/start_upload', startImportUpload],
	['POST /api/import/upload_part', uploadImportPart],
	['POST /api/import/finish_upload', finishImportUpload],
	['POST /api/perform_import', performImport],
	['POST /api/cancel_import', cancelImport],
	['POST /api/shapes2', tableShapes],
	['GET /api/shapes2', tableShapes],
	['GET /api/check_admin_key', checkAdminKey],
	['POST /api/query_batch', postQueryBatch],
	['POST /api/query_ts', postQueryTs],
	['POST /api/query_at_ts', postQueryAtTs],
	['POST /api/storage/upload', uploadFile],
	['GET /api/v1/get_canonical_urls', canonicalUrls],
	['POST /api/get_config_hashes', configHashes],
	['POST /api/update_environment_variables', updateEnvironment],
	['GET /api/stream_function_logs', streamFunctionLogs],
	['POST /api/deploy2/start_push', startPush],
	['POST /api/deploy2/evaluate_schema', evaluateSchema],
	['POST /api/deploy2/evaluate_push', evaluatePush],
	['POST /api/deploy2/wait_for_schema', waitForSchema],
	['POST /api/deploy2/finish_push', finishPush],
	['POST /api/deploy2/report_push_completed', reportPushCompleted]
]);

/** By method and the beginning of the path. */
const PREFIXES: readonly (readonly [string, string, Handler])[] = [
	['POST', '/api/run/', postRun],
	['GET', '/api/export/zip/', downloadExport],
	['GET', '/api/storage/', downloadFile],
	['HEAD', '/api/storage/', downloadFile]
];

const STORAGE_UNAVAILABLE = 'StorageUnavailable';

const CORS_METHODS = 'GET, POST, PUT, PATCH, DELETE, OPTIONS';
const CORS_MAX_AGE_S = '86400';

/** Answers one request on the main port (`site` false) or on the HTTP actions' port. Never rejects. */
export async function handleRequest(
	request: IncomingMessage,
	response: ServerResponse,
	guard: OriginGuard,
	deployment: Promise<Deployment>,
	site: boolean,
	report: (sentence: string) => void
): Promise<void> {
	try {
		guard.check(request);
		const url = URL.parse(request.url ?? '/', 'http://deployment');
		if (!url) throw new RequestFailure(400, 'BadPath', 'The path of the request cannot be read.');
		const exchange = { request, response, url, deployment: await deployment };
		if (site) await runHttpAction(exchange, url.pathname + url.search);
		else if (url.pathname === '/http' || url.pathname.startsWith('/http/')) {
			await runHttpAction(exchange, (url.pathname.slice('/http'.length) || '/') + url.search);
		} else await route(exchange, guard.allowedOrigin(request));
	} catch (error) {
		const failure = asFailure(error);
		// Of a disk that fails the operator hears once, not with every request.
		if (failure.status >= 500 && failure.code !== STORAGE_UNAVAILABLE)
			report(
				`${request.method} ${request.url?.split('?')[0]}: ${error instanceof Error ? error.message : String(error)}`
			);
		if (!response.destroyed) sendFailure({ response }, failure);
	}
}

async function route(exchange: Exchange, origin: string | null): Promise<void> {
	const { request, response, url } = exchange;
	if (origin !== null) allowOrigin(exchange, origin);
	if (request.method === 'OPTIONS') {
		response.writeHead(200).end();
		return;
	}
	const prefixed = PREFIXES.find(([method, prefix]) => method === request.method && url.pathname.startsWith(prefix));
	const handler = ROUTES.get(`${request.method} ${url.pathname}`) ?? prefixed?.[2];
	if (!handler) throw new RequestFailure(404, 'NotFound', `This deployment has no ${request.method} ${url.pathname}.`);
	await handler(exchange);
}

function allowOrigin({ request, response }: Exchange, origin: string): void {
	response.setHeader('access-control-allow-origin', origin);
	response.setHeader('access-control-allow-credentials', 'true');
	response.setHeader('access-control-allow-methods', CORS_METHODS);
	const wanted = request.headers['access-control-request-headers'];
	if (wanted !== undefined) response.setHeader('access-control-allow-headers', wanted);
	response.setHeader('access-control-max-age', CORS_MAX_AGE_S);
	response.setHeader('vary', 'origin, access-control-request-method, access-control-request-headers');
}

const REFUSALS = {
	tooLarge: { status: 413, code: 'FileTooLarge' },
	diskFull: { status: 507, code: 'DiskFull' },
	diskFailed: { status: 500, code: 'DiskFailed' },
	wrongDigest: { status: 400, code: 'Sha256Mismatch' }
} as const;

function asFailure(error: unknown): RequestFailure {
	if (error instanceof RequestFailure) return error;
	if (error instanceof FileRefusal) {
		const { status, code } = REFUSALS[error.kind];
		return new RequestFailure(status, code, error.message);
	}
	if (error instanceof AuthenticationFailure) return new RequestFailure(401, error.code, error.message);
	if (error instanceof DiskFailure || (error instanceof RemoteError && error.store !== null))
		return new RequestFailure(503, STORAGE_UNAVAILABLE, error.message);
	return new RequestFailure(500, 'InternalServerError', 'The deployment could not answer this request.');
}

/** What monitors ask for: not well while the disk is full or fails, even if what is there can be read. */
function sendVersion(exchange: Exchange): void {
	const fault = exchange.deployment.engine.fault();
	if (fault !== null) throw new RequestFailure(503, STORAGE_UNAVAILABLE, fault);
	sendText(exchange, 'embedded');
}

function sendText({ response }: Exchange, text: string): void {
	response
		.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) })
		.end(text);
}
