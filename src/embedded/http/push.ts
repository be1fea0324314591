/** The steps of a push: start (evaluate, no effect), wait for the schema, finish (apply in one transaction). */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { PushRefusal } from '../engine/types.ts';
import { NOTHING_PUSHED, finishPushAnswer, startPushAnswer } from '../push/answers.ts';
import { assembleBundle, startPushShape } from '../push/bundle.ts';
import { predictSchema } from '../push/prediction.ts';
import { readJson } from './body.ts';
import { requireAdmin, sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

/** Convex's own cap on code is 32 MiB zipped; this counts after decompression. */
const MAX_PUSH_BYTES = 256 * 1024 * 1024;

const withKey = z.looseObject({ adminKey: z.string() });
const finishShape = z.object({
	adminKey: z.string(),
	dryRun: z.boolean(),
	startPush: z.object({ schemaChange: z.object({ schemaIds: z.record(z.string(), z.string()) }) })
});

/** Evaluates the code. Nothing is deployed: `codegen` asks this too. */
export async function startPush(exchange: Exchange): Promise<void> {
	const { pushes } = exchange.deployment;
	const { body, ...evaluated } = await evaluate(exchange);
	const push = { ...evaluated, ...evaluated.prepared };
	pushes.functionsPath = body.functions;
	sendJson(exchange, JSON.stringify(startPushAnswer(pushes.add(push), push)));
}

/** Says what the push would do to indexes. */
export async function evaluateSchema(exchange: Exchange): Promise<void> {
	const { prepared } = await evaluate(exchange);
	sendJson(exchange, JSON.stringify(await predictSchema(exchange.deployment.engine, prepared)));
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

/** Existing documents are checked, and indexes filled, inside the transaction of `finishPush`. */
export async function waitForSchema(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { adminKey } = await readJson(exchange.request, withKey, MAX_PUSH_BYTES);
	exchange.deployment.adminKey.check(adminKey);
	sendJson(exchange, JSON.stringify({ type: 'complete' }));
}

/** Deploys what `startPush` evaluated, unless the environment has changed since. */
export async function finishPush(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { engine, adminKey, pushes, hub, authentication } = exchange.deployment;
	const body = await readJson(exchange.request, finishShape, MAX_PUSH_BYTES);
	adminKey.check(body.adminKey);
	if (body.dryRun) return sendJson(exchange, JSON.stringify(NOTHING_PUSHED));
	const push = pushes.get(body.startPush.schemaChange.schemaIds[''] ?? '');
	if (!push)
		throw new RequestFailure(
			400,
			'RaceDetected',
			'This push is no longer known: another one has finished meanwhile. Try again.'
		);
	if (!isDeepStrictEqual(push.environment, await engine.environment())) {
		throw new RequestFailure(400, 'RaceDetected', 'Environment variables have changed during the push. Try again.');
	}
	const { authProviders } = await engine.analysis();
	const applied = await engine.applyPush(push.bundle, push.analysis);
	if ('code' in applied) throw refused(applied);
	pushes.clear();
	authentication.forgetProviders();
	hub.invalidateEverything();
	sendJson(
		exchange,
		JSON.stringify(finishPushAnswer(applied, push.indexDiffs, authProviders, push.analysis.authProviders))
	);
}

/** Timings of the CLI, which nobody reads here. */
export async function reportPushCompleted(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	exchange.request.resume();
	sendJson(exchange, 'null');
}

function refused({ code, message }: PushRefusal): RequestFailure {
	return new RequestFailure(400, code, message);
}
