/** What the doctor asks the deployment: whether it answers, its clock, its functions, its keys. */
import { z } from 'zod';
import { readKeyRing } from '../../src/convex/lib/crypto.ts';
import { callFunction, readVariables, SECRET_KEYS } from '../product/environment.ts';
import type { DeploymentAccess } from '../product/environment.ts';
import { sentence } from '../product/task.ts';
import { attention, failing, ok } from './finding.ts';
import type { Finding } from './finding.ts';

const DEADLINE_MS = 5_000;
const SKEW_MS = 10_000;
const PUSH = 'Start Plumbline (npm start pushes what npm run build made); elsewhere run npx convex deploy.';

/** Whether it answers, and what time it has. Nothing else is worth asking when it does not. */
export async function checkAnswers(url: string): Promise<Finding[]> {
	const asked = Date.now();
	let response: Response;
	try {
		response = await fetch(new URL('/version', url), { signal: AbortSignal.timeout(DEADLINE_MS) });
	} catch (error) {
		const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : sentence(error);
		return [
			failing(
				'Deployment',
				`${url} does not answer (${why}).`,
				'Check that it runs, and CONVEX_URL or CONVEX_SELF_HOSTED_URL.'
			)
		];
	}
	const said = (await response.text()).slice(0, 200);
	if (!response.ok)
		return [
			failing(
				'Deployment',
				`${url} answers ${response.status}: ${said}`,
				'Look at the log of the deployment; a full disk needs room.'
			)
		];
	const date = Date.parse(response.headers.get('date') ?? '');
	const skew = Number.isNaN(date) ? 0 : date - (asked + Date.now()) / 2;
	const answers = ok('Deployment', `${url} answers.`);
	if (Math.abs(skew) < SKEW_MS) return [answers];
	const seconds = Math.round(Math.abs(skew) / 1_000);
	const says = `the deployment's is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's.`;
	return [answers, failing('Clock', says, 'Let both machines keep the time by NTP: tokens are refused otherwise.')];
}

/** Whether our functions are there. */
export async function checkFunctions(url: string): Promise<Finding> {
	const response = await fetch(new URL('/api/query', url), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ path: 'viewer:current', args: {}, format: 'json' }),
		signal: AbortSignal.timeout(DEADLINE_MS)
	});
	const answer = z
		.looseObject({ status: z.string(), errorMessage: z.string().optional() })
		.safeParse(await response.json().catch(() => null));
	if (!answer.success) return failing('Functions', `the deployment answered ${response.status}.`, 'Look at its log.');
	const { status, errorMessage = '' } = answer.data;
	if (status === 'success') return ok('Functions', 'they are on the deployment and answer.');
	if (errorMessage.includes('Could not find public function'))
		return failing('Functions', 'they are not on the deployment, or of another version.', PUSH);
	return failing('Functions', 'they are on the deployment, and fail.', 'Look at the log of the deployment.');
}

const NEEDED = ['BETTER_AUTH_SECRET', 'PLUMBLINE_PROXY_SECRET'];
const pageSchema = z.object({
	rows: z.array(z.object({ sealed: z.object({ keyId: z.string() }) })),
	cursor: z.string().nullable()
});

/** Whether the keys are there, well-formed, and those that sealed what is stored. No value is ever said. */
export async function checkKeys(access: DeploymentAccess): Promise<Finding[]> {
	const variables = await readVariables(access);
	const text = variables.get(SECRET_KEYS);
	const lost =
		'Put PLUMBLINE_SECRET_KEYS back from a backup (npx convex env set); without it credentials have to be entered again.';
	let ids: ReadonlySet<string>;
	try {
		ids = new Set(readKeyRing(text).keys());
	} catch (error) {
		const absent = text === undefined || text === '';
		const advice = absent ? `Start Plumbline to have one made, unless credentials are stored already. ${lost}` : lost;
		return [failing('Keys', sentence(error), advice)];
	}
	const missing = NEEDED.filter((name) => (variables.get(name) ?? '').length < 32);
	const findings = [
		missing.length === 0
			? ok('Keys', `${ids.size} for credentials, and those of sign-in.`)
			: failing(
					'Keys',
					`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set, or too short.`,
					'Start Plumbline: it makes what is missing.'
				)
	];
	const used = await otherKeys(access);
	if (used === null) return findings;
	const gone = [...used].filter((id) => !ids.has(id));
	if (gone.length > 0)
		findings.push(
			failing('Keys', `credentials are sealed with ${gone.join(', ')}, which is not in PLUMBLINE_SECRET_KEYS.`, lost)
		);
	else if (used.size > 0)
		findings.push(
			attention(
				'Keys',
				'some credentials are still sealed with an older key.',
				'Run npm run rotate-keys, which goes on where it stopped.'
			)
		);
	return findings;
}

/** Ids of keys, besides the first, that sealed something; null when the functions are not there to be asked. */
async function otherKeys(access: DeploymentAccess): Promise<Set<string> | null> {
	const used = new Set<string>();
	for (const table of ['credentials', 'oauthApps']) {
		for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
			const answer = await callFunction(access, 'sealedRows:page', { table, cursor }).catch(() => null);
			const page = pageSchema.safeParse(answer);
			if (!page.success) return null;
			for (const { sealed } of page.data.rows) used.add(sealed.keyId);
			cursor = page.data.cursor;
		}
	}
	return used;
}
