/** Letters that could not be sent by mail, for the operator: what auth/mail:send logs in the deployment. */
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { DeploymentAccess } from './environment.ts';

const MAILER = /^auth\/mail(?:\.js)?:send$/;
const RETRY_MS = 2_000;

const pageSchema = z.object({
	newCursor: z.number(),
	entries: z.array(
		z.looseObject({
			identifier: z.string().optional(),
			logLines: z.array(z.union([z.string(), z.looseObject({ messages: z.array(z.string()) })])).optional()
		})
	)
});

/** Calls `say` with each line, until the signal is given. `npm run dev` needs it not: there the CLI shows all logs. */
export async function showLetters(access: DeploymentAccess, signal: AbortSignal, say: (line: string) => void) {
	let cursor = 0;
	while (!signal.aborted) {
		const url = new URL(`/api/stream_function_logs?cursor=${cursor}`, access.url);
		const headers = { authorization: `Convex ${access.adminKey}` };
		const page = await fetch(url, { headers, signal })
			.then(async (response) => pageSchema.parse(await response.json()))
			.catch(() => null);
		if (page === null) {
			await setTimeout(RETRY_MS, undefined, { signal }).catch(() => {});
			continue;
		}
		const isFirst = cursor === 0;
		cursor = page.newCursor;
		// What the ring holds from before this start has been shown then.
		if (isFirst) continue;
		for (const { identifier = '', logLines = [] } of page.entries) {
			if (!MAILER.test(identifier)) continue;
			const messages = logLines.flatMap((line) => (typeof line === 'string' ? [line] : line.messages));
			for (const message of messages) say(message.replace(/^'([\s\S]*)'$/, '$1'));
		}
	}
}
