/** The steps of a push: start (evaluate, no effect), wait for the schema (begins its change), finish (swap in one transaction). */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { PushRefusal } from '../engine/pushChanges.ts';
import { NOTHING_PUSHED, evaluatePushAnswer, finishPushAnswer, startPushAnswer } from '../push/answers.ts';
import { assembleBundle, startPushShape } from '../push/bundle.ts';
import { predictSchema } from '../push/prediction.ts';
import { readJson } from './body.ts';
import { requireAdmin, sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

/** Convex's own cap on code is 32 MiB zipped; this counts after decompression. */
const MAX_PUSH_BYTES = 256 * 1024 * 1024;
/** The longest that a request waits for a change of the schema, and what clients get that name no time (milliseconds). */
const MAX_PATIENCE = 60_000;
const PATIENCE = 10_000;

const schemaChangeShape = z.object({ schemaIds: z.record(z.string(), z.string()) });
const waitShape = z.object({
	adminKey: z.string(),
	schemaChange: schemaChangeShape,
	timeoutMs: z.number().nonnegative().optional(),
	dryRun: z.boolean().optional()
});
const finishShape = z.object({
	adminKey: z.string(),
	dryRun: z.boolean(),
	startPush: z.object({
		componentDefinitionPackages: z.record(z.string(), z.object({ storageKey: z.string() })),
		schemaChange: schemaChangeShape
	})
});

/** Evaluates the code. Nothing is deployed and nothing begins: `codegen` asks this too, and goes away. */
export async function startPush(exchange: Exchange): Promise<void> {
	const { pushes } = exchange.deployment;
	const { body, bundle, environment, prepared } = await evaluate(exchange);
	const { analysis, indexDiffs, schemaChange } = prepared;
	const { dryRun } = body;
	const change = dryRun ? schemaChange.dryRun : schemaChange.push;
	const push = { bundle, analysis, environment, indexDiffs, dryRun, schemaChange: change };
	pushes.functionsPath = body.functions;
	sendJson(exchange, JSON.stringify(startPushAnswer(pushes.add(push), push)));
}

/** Says what the push would do to documents and indexes: the CLI asks before it has big ones read, filled or dropped. */
export async function evaluateSchema(exchange: Exchange): Promise<void> {
	const { prepared } = await evaluate(exchange);
	const prediction = await predictSchema(exchange.deployment.engine, prepared);
	if ('code' in prediction) throw refused(prediction);
	sendJson(exchange, JSON.stringify(prediction));
}

/** Says which indexes a push would add and remove. The CLI asks it when `evaluate_schema` has failed, to hear why. */
export async function evaluatePush(exchange: Exchange): Promise<void> {
	const { prepared } = await evaluate(exchange);
	sendJson(exchange, JSON.stringify(evaluatePushAnswer(prepared.indexDiffs)));
}

async function evaluate(exchange: Exchange) {
	await requireAdmin(exchange);
	const { engine, adminKey, pushes } = exchange.deployment;
	const body = await readJson(exchange.request, startPushShape, MAX_PUSH_BYTES);
	adminKey.check(body.adminKey);
	const bundle = await assembleBundle(body, engine);
	if ('code' in bundle) throw refused(bundle);
	const environment = await engine.environment();
	const prepared = await pushes.prepare(engine, bundle, environment, body.forCodegen ?? false);
	if ('code' in prepared) throw refused(prepared);
	return { body, bundle, environment, prepared };
}

/** Has the schema of a push checked against the documents and its indexes filled, and says how far that has come. */
export async function waitForSchema(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { engine, adminKey, pushes } = exchange.deployment;
	const {
		adminKey: key,
		schemaChange,
		timeoutMs = PATIENCE
	} = await readJson(exchange.request, waitShape, MAX_PUSH_BYTES);
	adminKey.check(key);
	const change = schemaChange.schemaIds[''] ?? '';
	const patience = Math.min(timeoutMs, MAX_PATIENCE);
	const status = await pushes.schemaStatus(engine, change, patience);
	if (status === null) throw unknownPush();
	sendJson(exchange, JSON.stringify(status));
}

/** Deploys what `startPush` evaluated, unless the environment has changed since. */
export async function finishPush(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { engine, adminKey, pushes, hub, authentication } = exchange.deployment;
	const { startPush: started, ...body } = await readJson(exchange.request, finishShape, MAX_PUSH_BYTES);
	adminKey.check(body.adminKey);
	if (body.dryRun) {
		await engine.abandonSchema(started.schemaChange.schemaIds[''] ?? '');
		return sendJson(exchange, JSON.stringify(NOTHING_PUSHED));
	}
	const id = started.componentDefinitionPackages['']?.storageKey ?? '';
	const push = pushes.get(id);
	if (push === undefined) throw unknownPush();
	if (!isDeepStrictEqual(push.environment, await engine.environment())) {
		throw refused({ code: 'RaceDetected', message: 'Environment variables have changed during push' });
	}
	const { authProviders } = await engine.analysis();
	const applied = await engine.applyPush(push.bundle, push.analysis);
	if ('code' in applied) throw refused(applied);
	pushes.finished(id);
	authentication.forgetProviders();
	hub.invalidateEverything();
	sendJson(exchange, JSON.stringify(finishPushAnswer(applied, authProviders, push.analysis.authProviders)));
}

/** Timings of the CLI, which nobody reads here. */
export async function reportPushCompleted(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	exchange.request.resume();
	sendJson(exchange, 'null');
}

function refused({ code, message }: PushRefusal): RequestFailure {
	return new RequestFailure(400, code, `Hit an error while pushing:\n${message}`);
}

function unknownPush(): RequestFailure {
	return new RequestFailure(
		400,
		'RaceDetected',
		'This push is no longer known: the deployment has been restarted, or too many others were started. Try again.'
	);
}
