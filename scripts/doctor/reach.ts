/** What the doctor looks at of the ways in and out: addresses of the product, proxies, mail. */
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { localUrl } from '../product/deployment.ts';
import { DEFAULT_PORT, isLoopback } from '../product/settings.ts';
import type { Settings } from '../product/settings.ts';
import { attention, failing, ok } from './finding.ts';
import type { Finding } from './finding.ts';

const DEADLINE_MS = 5_000;
const healthSchema = z.object({ status: z.string(), version: z.string() });

/** Whether the addresses that were set go together. */
export function checkUrls({ publicUrl, trustedProxies, host }: Settings): Finding[] {
	if (publicUrl === null) {
		if (trustedProxies.length === 0) return [ok('URL', 'on this machine only; PLUMBLINE_URL is not set.')];
		return [
			attention(
				'URL',
				'PLUMBLINE_TRUSTED_PROXY is set, and PLUMBLINE_URL is not.',
				'Set PLUMBLINE_URL to where people open Plumbline.'
			)
		];
	}
	const { protocol, hostname } = new URL(publicUrl);
	if (isLoopback(hostname)) return [ok('URL', publicUrl)];
	if (protocol === 'http:')
		return [
			attention(
				'URL',
				`${publicUrl} sends passwords and numbers unencrypted.`,
				'Put a proxy with a certificate in front, and set PLUMBLINE_URL to the https address.'
			)
		];
	if (trustedProxies.length === 0)
		return [
			attention(
				'URL',
				`${publicUrl} is reached through a proxy whose address is not named, so all visitors look like one.`,
				`Set PLUMBLINE_TRUSTED_PROXY to the address the proxy has as seen from here${isLoopback(host) ? ', such as 127.0.0.1' : ''}.`
			)
		];
	return [ok('URL', `${publicUrl}, behind ${trustedProxies.join(', ')}.`)];
}

/** Whether the pages answer where they should. */
export async function checkPages({ publicUrl, host, port }: Settings, runs: boolean): Promise<Finding[]> {
	const local = localUrl(host, port ?? DEFAULT_PORT);
	const findings: Finding[] = [];
	for (const url of new Set([local, publicUrl ?? local])) {
		const health = await healthOf(url);
		if (typeof health !== 'string') {
			findings.push(
				health.status === 'ok'
					? ok('Pages', `${url} answers (version ${health.version}).`)
					: failing('Pages', `${url} answers, its deployment does not.`, 'Look at the log of Plumbline.')
			);
		} else if (!runs) findings.push(ok('Pages', `${url}: Plumbline does not run.`));
		else if (url === publicUrl)
			findings.push(
				failing('Pages', `${url} ${health}.`, 'Check the name, the certificate and the target of the proxy.')
			);
		else
			findings.push(
				attention(
					'Pages',
					`${url} ${health}.`,
					'If Plumbline has chosen another port, set PORT; otherwise look at its log.'
				)
			);
	}
	return findings;
}

async function healthOf(url: string): Promise<z.infer<typeof healthSchema> | string> {
	try {
		const response = await fetch(new URL('/healthz', url), {
			signal: AbortSignal.timeout(DEADLINE_MS),
			redirect: 'manual'
		});
		const health = healthSchema.safeParse(await response.json().catch(() => null));
		return health.success ? health.data : `answers ${response.status}, and is not Plumbline`;
	} catch (error) {
		return `does not answer (${error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)})`;
	}
}

/** Whether the mail server lets us in. Nothing is sent, and nothing of the address but its host is said. */
export async function checkMail(address: string | undefined): Promise<Finding> {
	if (!address) return ok('Mail', 'no server is set: links for people are printed in the log.');
	const { host } = new URL(address);
	const transport = createTransport({
		url: address,
		connectionTimeout: DEADLINE_MS,
		greetingTimeout: DEADLINE_MS,
		socketTimeout: DEADLINE_MS
	});
	try {
		await transport.verify();
		return ok('Mail', `${host} lets Plumbline in.`);
	} catch (error) {
		const code =
			error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no reason given';
		const advice =
			code === 'EAUTH'
				? 'Check the user name and the password in PLUMBLINE_SMTP_URL.'
				: 'Check host and port in PLUMBLINE_SMTP_URL, and that this machine may reach them.';
		return failing('Mail', `${host} does not let Plumbline in (${code}).`, advice);
	} finally {
		transport.close();
	}
}
