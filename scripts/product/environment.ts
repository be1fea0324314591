/** The deployment's environment variables: what functions read as `process.env`. */
import { z } from 'zod';
import { generateKey } from '../../src/convex/lib/crypto.ts';
import { isHandedOn } from './settings.ts';

export interface DeploymentAccess {
	readonly url: string;
	readonly adminKey: string;
}

const SECRET_KEYS = 'PLUMBLINE_SECRET_KEYS';
const answerSchema = z.object({
	status: z.literal('success'),
	value: z.array(z.object({ name: z.string(), value: z.string() }))
});

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
	if (!response.ok) throw new Error(`${path} answered ${response.status} at ${access.url}: check the admin key.`);
	return response;
}

/**
 * Brings the deployment's environment in line: makes the key that encrypts credentials when there is none, sets what
 * this start asks for, and removes base URLs and OAuth clients that are no longer asked for. Values are never printed.
 */
export async function prepareEnvironment(
	access: DeploymentAccess,
	wanted: Readonly<Record<string, string>>
): Promise<void> {
	const response = await post(access, '/api/query', {
		path: '_system/cli/queryEnvironmentVariables',
		args: [{}],
		format: 'convex_encoded_json'
	});
	const present = new Map(answerSchema.parse(await response.json()).value.map(({ name, value }) => [name, value]));
	const changes: { name: string; value: string | null }[] = [];
	if (!present.has(SECRET_KEYS)) changes.push({ name: SECRET_KEYS, value: generateKey('k1') });
	for (const [name, value] of Object.entries(wanted)) {
		if (present.get(name) !== value) changes.push({ name, value });
	}
	for (const name of present.keys()) {
		if (isHandedOn(name) && !(name in wanted)) changes.push({ name, value: null });
	}
	if (changes.length > 0) await post(access, '/api/update_environment_variables', { changes });
}
