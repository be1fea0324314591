/** The client API over HTTP: queries, mutations and actions by path. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { FunctionCall, Identity, Outcome, QueryResult, UdfType } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { decodeTs, encodeTs } from '../sync/protocol.ts';
import { queryRequest } from '../sync/liveRun.ts';
import type { QuerySpec } from '../sync/liveRun.ts';
import { readJson } from './body.ts';
import { sendJson } from './exchange.ts';
import type { Deployment, Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';
import { parseFormat, udfAnswer } from './udfAnswer.ts';

/** Convex's own cap on arguments is 16 MiB. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;
const MAX_BATCH = 256;

const argumentsShape = z.union([z.array(z.unknown()).max(1), z.record(z.string(), z.unknown())]);
const format = z.string().nullish();
const callShape = z.object({
	path: z.string(),
	args: argumentsShape.default({}),
	format,
	componentPath: z.string().nullish()
});
const argumentsOnly = callShape.omit({ path: true });
const atTsShape = callShape.extend({ ts: z.string() });
const testShape = z.object({
	adminKey: z.string(),
	args: argumentsShape.default({}),
	bundle: z.object({ path: z.string(), source: z.string() }),
	format,
	componentId: z.string().nullish()
});
const batchShape = z.object({ queries: z.array(callShape).max(MAX_BATCH) });

type Call = z.infer<typeof callShape>;

export async function postQuery(exchange: Exchange): Promise<void> {
	await answerCall(exchange, await readJson(exchange.request, callShape, MAX_BODY_BYTES), 'Query');
}

export async function postMutation(exchange: Exchange): Promise<void> {
	await answerCall(exchange, await readJson(exchange.request, callShape, MAX_BODY_BYTES), 'Mutation');
}

export async function postAction(exchange: Exchange): Promise<void> {
	await answerCall(exchange, await readJson(exchange.request, callShape, MAX_BODY_BYTES), 'Action');
}

/** `/api/function`: whatever kind of function it is. */
export async function postFunction(exchange: Exchange): Promise<void> {
	await answerCall(exchange, await readJson(exchange.request, callShape, MAX_BODY_BYTES), null);
}

/** `/api/run/messages/list` calls `messages:list`. */
export async function postRun(exchange: Exchange): Promise<void> {
	const parts = exchange.url.pathname.slice('/api/run/'.length).split('/').map(decodePart);
	const name = parts.pop();
	if (!name || parts.length === 0) {
		throw new RequestFailure(400, 'MissingIdentifier', 'The path must name a function, as in /api/run/messages/list.');
	}
	const body = await readJson(exchange.request, argumentsOnly, MAX_BODY_BYTES);
	await answerCall(exchange, { ...body, path: `${parts.join('/')}:${name}` }, null);
}

/** `GET /api/query?path=…&args=…&format=…`. */
export async function getQuery(exchange: Exchange): Promise<void> {
	const parameters = exchange.url.searchParams;
	const parsed = callShape.safeParse({
		path: parameters.get('path'),
		args: parseJson(parameters.get('args') ?? '{}'),
		format: parameters.get('format')
	});
	if (!parsed.success)
		throw new RequestFailure(400, 'BadQuery', 'The query needs a path, and args that are a JSON object or array.');
	await answerCall(exchange, parsed.data, 'Query');
}

/** Runs the default export of a module that was typed, with the data as it is now. For the admin only. */
export async function postTestFunction(exchange: Exchange): Promise<void> {
	const { deployment } = exchange;
	const { adminKey, args, bundle, format, componentId } = await readJson(exchange.request, testShape, MAX_BODY_BYTES);
	deployment.adminKey.check(adminKey);
	const spec = specOf({ path: `${bundle.path}:default`, args, componentPath: componentId });
	const request = { ...queryRequest(spec, { kind: 'admin' }, newRequestId()), source: bundle.source };
	const { outcome } = only((await deployment.engine.querySet([request])).results);
	sendJson(exchange, udfAnswer(outcome, parseFormat(format)));
}

/** Several queries at one snapshot. */
export async function postQueryBatch(exchange: Exchange): Promise<void> {
	const { queries } = await readJson(exchange.request, batchShape, MAX_BODY_BYTES);
	const identity = await identify(exchange);
	const requests = queries.map((query) => queryRequest(specOf(query), identity, newRequestId()));
	const { results } = await exchange.deployment.engine.querySet(requests);
	const answers = results.map(({ outcome }, index) => udfAnswer(outcome, parseFormat(queries[index]?.format)));
	sendJson(exchange, `{"results":[${answers.join(',')}]}`);
}

/** The newest timestamp, for `query_at_ts`. */
export async function postQueryTs(exchange: Exchange): Promise<void> {
	sendJson(exchange, JSON.stringify({ ts: encodeTs(exchange.deployment.engine.latestTs()) }));
}

/** Runs a query at a timestamp, which can only be the newest: no history is kept. */
export async function postQueryAtTs(exchange: Exchange): Promise<void> {
	const call = await readJson(exchange.request, atTsShape, MAX_BODY_BYTES);
	const identity = await identify(exchange);
	const { ts, results } = await exchange.deployment.engine.querySet([
		queryRequest(specOf(call), identity, newRequestId())
	]);
	if (ts !== parseTs(call.ts)) {
		throw new RequestFailure(
			400,
			'SnapshotNotRetained',
			'The data has changed since that timestamp, and this deployment keeps no history.'
		);
	}
	sendJson(exchange, udfAnswer(only(results).outcome, parseFormat(call.format)));
}

async function answerCall(exchange: Exchange, call: Call, kind: UdfType | null): Promise<void> {
	const valueFormat = parseFormat(call.format);
	const outcome = await execute(exchange.deployment, call, kind, await identify(exchange));
	sendJson(exchange, udfAnswer(outcome, valueFormat));
}

async function identify({ request, deployment }: Exchange): Promise<Identity> {
	return (await deployment.authentication.fromHeader(request.headers.authorization)).identity;
}

async function execute(
	{ engine, systemQueries }: Deployment,
	call: Call,
	kind: UdfType | null,
	identity: Identity
): Promise<Outcome> {
	const spec = specOf(call);
	const system = systemQueries(spec, identity);
	if (system) return (await system).outcome;
	const { path, componentPath, args } = spec;
	const functionCall: FunctionCall = {
		path,
		componentPath,
		args,
		identity,
		caller: 'client',
		requestId: newRequestId()
	};
	switch (kind ?? (await kindOf(engine, functionCall))) {
		case 'Query':
			return only((await engine.querySet([queryRequest(spec, identity, functionCall.requestId)])).results).outcome;
		case 'Mutation':
			return (await engine.mutation(functionCall)).outcome;
		default:
			return await engine.action(functionCall);
	}
}

/** The kind of a function; for one that does not exist, a query's answer says so in the engine's own words. */
async function kindOf(engine: Engine, { path, componentPath }: FunctionCall): Promise<UdfType> {
	return (await engine.functionInfo(path, componentPath))?.udfType ?? 'Query';
}

function specOf({ path, componentPath, args }: Omit<Call, 'format'>): QuerySpec {
	const list = Array.isArray(args) ? args : [args];
	return {
		path,
		componentPath: componentPath ?? '',
		args: JSON.stringify(list.length > 0 ? list : [{}]),
		journal: null
	};
}

function only(results: readonly QueryResult[]): QueryResult {
	const [result] = results;
	if (!result) throw new Error('The engine answered fewer queries than it was asked.');
	return result;
}

function parseTs(text: string): bigint {
	try {
		return decodeTs(text);
	} catch {
		throw new RequestFailure(400, 'BadTimestamp', 'The timestamp is not eight bytes of base64.');
	}
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function decodePart(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		throw new RequestFailure(400, 'MissingIdentifier', 'The path of the function is not well encoded.');
	}
}
