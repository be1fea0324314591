/** The deployment's environment variables: what functions read as `process.env`. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { freshKey } from '../../src/convex/lib/crypto.ts';
import { isHandedOn } from './settings.ts';

export interface DeploymentAccess {
	readonly url: string;
	readonly adminKey: string;
}

/** The key ring that encrypts credentials. */
export const SECRET_KEYS = 'PLUMBLINE_SECRET_KEYS';
/** Shared by the functions and the server of the pages: shows that a request to sign in comes through our own pages. */
const PROXY_SECRET = 'PLUMBLINE_PROXY_SECRET';
/** Secrets of the deployment, made when there is none. */
const SECRETS: Readonly<Record<string, () => string>> = {
	[SECRET_KEYS]: () => freshKey(),
	BETTER_AUTH_SECRET: randomText,
	[PROXY_SECRET]: randomText
};

function randomText(): string {
	return randomBytes(32).toString('base64url');
}

const FUNCTION_FAILED = 560;
const answerSchema = z.object({
	status: z.literal('success'),
	value: z.array(z.object({ name: z.string(), value: z.string() }))
});

/** Asks the deployment as its admin. Throws a sentence when it does not answer or refuses. */
async function post(access: DeploymentAccess, path: string, body: unknown): Promise<Response> {
	const response = await fetch(new URL(path, access.url), {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: `Convex ${access.adminKey}` },
		body: JSON.stringify(body)
	}).catch((cause: unknown) => {
		throw new Error(`The deployment at ${access.url} cannot be reached: check its address and that it runs.`, {
			cause
		});
	});
	// A function that throws is an answer, too.
	if (!response.ok && response.status !== FUNCTION_FAILED)
		throw new Error(`${path} answered ${response.status} at ${access.url}: check the admin key.`);
	return response;
}

/**
 * Brings the deployment's environment in line: makes secrets that are missing, sets what this start asks for, and
 * removes settings that were handed on by an earlier start and are no longer asked for. Values are never printed. Gives
 * what the server of the pages needs of it.
 */
export async function prepareEnvironment(
	access: DeploymentAccess,
	wanted: Readonly<Record<string, string>>
): Promise<{ readonly PLUMBLINE_PROXY_SECRET: string }> {
	const present = await readVariables(access);
	const changes = new Map<string, string | null>();
	for (const [name, make] of Object.entries(SECRETS)) if (!present.get(name)) changes.set(name, make());
	for (const [name, value] of Object.entries(wanted)) if (present.get(name) !== value) changes.set(name, value);
	for (const name of present.keys()) if (isHandedOn(name) && !(name in wanted)) changes.set(name, null);
	const list = [...changes].map(([name, value]) => ({ name, value }));
	if (list.length > 0) await setVariables(access, list);
	return { [PROXY_SECRET]: changes.get(PROXY_SECRET) ?? present.get(PROXY_SECRET) ?? '' };
}

/** The environment variables of the deployment. */
export async function readVariables(access: DeploymentAccess): Promise<ReadonlyMap<string, string>> {
	const response = await post(access, '/api/query', {
		path: '_system/cli/queryEnvironmentVariables',
		args: [{}],
		format: 'convex_encoded_json'
	});
	return new Map(answerSchema.parse(await response.json()).value.map(({ name, value }) => [name, value]));
}

/** Sets variables; null removes one. */
export async function setVariables(
	access: DeploymentAccess,
	changes: readonly { readonly name: string; readonly value: string | null }[]
): Promise<void> {
	await post(access, '/api/update_environment_variables', { changes });
}

const outcomeSchema = z.discriminatedUnion('status', [
	z.object({ status: z.literal('success'), value: z.unknown() }),
	z.looseObject({ status: z.literal('error'), errorMessage: z.string() })
]);

/** Calls a function of the deployment as its admin, an internal one too. Throws what it throws. */
export async function callFunction(access: DeploymentAccess, path: string, args: unknown): Promise<unknown> {
	const response = await post(access, '/api/function', { path, args: [args], format: 'convex_encoded_json' });
	const outcome = outcomeSchema.parse(await response.json());
	if (outcome.status === 'success') return outcome.value;
	throw new Error(outcome.errorMessage);
}
