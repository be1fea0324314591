'use node';
/** Sends letters by SMTP; without it the operator finds them in the log of the deployment. */
import { symmetricDecrypt } from 'better-auth/crypto';
import { v } from 'convex/values';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { internalAction } from '../_generated/server.js';
import { bodyOf } from './letters.ts';
import { readAuthSettings } from './settings.ts';

/** A mail server that does not answer must not hold the action for its ten minutes. */
const TIMEOUT_MS = 20_000;

const letterSchema = z.object({
	to: z.string(),
	subject: z.string(),
	before: z.string(),
	link: z.string(),
	after: z.string()
});

/** `sealed` is a letter as JSON, encrypted: what is scheduled stays in the database for days, and links are keys. */
export const send = internalAction({
	args: { sealed: v.string() },
	returns: v.null(),
	handler: async (_ctx, { sealed }) => {
		const { secret, mail } = readAuthSettings(process.env);
		const opened: unknown = JSON.parse(await symmetricDecrypt({ key: secret, data: sealed }));
		const letter = letterSchema.parse(opened);
		if (mail === null) {
			console.log(`No mail server is set (PLUMBLINE_SMTP_URL). "${letter.subject}", for ${letter.to}:`);
			console.log(letter.link);
			return null;
		}
		const wait = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
		const transport = createTransport({ url: mail.server, ...wait });
		try {
			await transport.sendMail({ from: mail.from, to: letter.to, subject: letter.subject, text: bodyOf(letter) });
		} catch (error) {
			// The error of a mail server may repeat the letter.
			const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
			console.error(`The mail server did not take "${letter.subject}" (${code}): check PLUMBLINE_SMTP_URL.`);
		} finally {
			transport.close();
		}
		return null;
	}
});
