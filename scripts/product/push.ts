/**
 * Functions prebuilt by `npm run build`: the very request that the official CLI makes to push them, kept as a file and
 * made again at `npm start`, so that production needs no bundler, no type check and no watcher.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { DeploymentAccess } from './environment.ts';

export const PREBUILT_FUNCTIONS = 'build/functions.json';

const requestSchema = z.looseObject({ adminKey: z.string(), dryRun: z.boolean() });
const startedSchema = z.looseObject({ schemaChange: z.unknown() });
const schemaStateSchema = z.discriminatedUnion('type', [
	z.object({ type: z.literal('complete') }),
	z.looseObject({ type: z.literal('inProgress') }),
	z.looseObject({ type: z.literal('failed'), error: z.string() }),
	z.object({ type: z.literal('raceDetected') })
]);
const refusalSchema = z.object({ code: z.string(), message: z.string() });

async function call(access: DeploymentAccess, step: string, body: unknown): Promise<unknown> {
	const response = await fetch(new URL(`/api/deploy2/${step}`, access.url), {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			'convex-client': 'npm-cli-1.48.0',
			authorization: `Convex ${access.adminKey}`
		},
		body: JSON.stringify(body)
	});
	const answer: unknown = await response.json();
	if (response.ok) return answer;
	const refusal = refusalSchema.safeParse(answer);
	throw new Error(refusal.success ? refusal.data.message : `The deployment answered ${response.status} to ${step}.`);
}

/** Pushes the prebuilt functions. Throws with the deployment's own words when they do not fit its data. */
export async function pushPrebuilt(access: DeploymentAccess, path = PREBUILT_FUNCTIONS): Promise<void> {
	const { adminKey } = access;
	const request = requestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
	const startPush = startedSchema.parse(await call(access, 'start_push', { ...request, adminKey, dryRun: false }));
	for (;;) {
		const state = schemaStateSchema.parse(
			await call(access, 'wait_for_schema', {
				adminKey,
				schemaChange: startPush.schemaChange,
				timeoutMs: 10_000,
				dryRun: false
			})
		);
		if (state.type === 'complete') break;
		if (state.type === 'failed') throw new Error(`The data does not fit the new schema: ${state.error}`);
		if (state.type === 'raceDetected') throw new Error('Another push went on at the same time. Start again.');
	}
	await call(access, 'finish_push', { adminKey, startPush, dryRun: false, message: null });
}
