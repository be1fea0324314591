/** What the operator set for sign-in, from the deployment's environment. */
import { z } from 'zod';

/** A service that people may sign in with, as pages show it. */
export interface SignInProvider {
	readonly id: string;
	readonly name: string;
}

interface Client {
	readonly clientId: string;
	readonly clientSecret: string;
}

export interface AuthSettings {
	/** Where people open Plumbline: an origin. */
	readonly url: URL;
	/** Origins that a browser may send requests from. */
	readonly origins: readonly string[];
	/** Where the deployment answers HTTP actions; names the issuer of its tokens. */
	readonly siteUrl: string;
	readonly secret: string;
	readonly openRegistration: boolean;
	readonly github: Client | null;
	readonly google: Client | null;
	readonly oidc: (Client & { readonly issuer: string; readonly name: string }) | null;
	/** The server that takes letters, and their sender; without one their links are printed to the log. */
	readonly mail: { readonly server: string; readonly from: string } | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
/** The audience of the tokens that pages show to the deployment. */
export const TOKEN_AUDIENCE = 'plumbline';
export const OIDC_PROVIDER = 'oidc';

const required = z.object({
	BETTER_AUTH_SECRET: z.string().min(32),
	PLUMBLINE_URL: z.url({ protocol: /^https?$/ }),
	CONVEX_SITE_URL: z.url()
});

/** Throws a sentence that names what is missing, never a value. */
export function readAuthSettings(environment: Environment): AuthSettings {
	const { BETTER_AUTH_SECRET, PLUMBLINE_URL, CONVEX_SITE_URL } = environment;
	const parsed = required.safeParse({ BETTER_AUTH_SECRET, PLUMBLINE_URL, CONVEX_SITE_URL });
	if (!parsed.success) {
		const names = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
		throw new Error(`Sign-in is not set up: check ${names} in the environment of the deployment.`);
	}
	const url = new URL(new URL(parsed.data.PLUMBLINE_URL).origin);
	const oidc = clientFrom(environment, 'PLUMBLINE_SIGN_IN_OIDC');
	const { PLUMBLINE_SMTP_URL: server, PLUMBLINE_MAIL_FROM: from = `Plumbline <plumbline@${url.hostname}>` } =
		environment;
	const issuer = environment.PLUMBLINE_SIGN_IN_OIDC_ISSUER?.replace(/\/$/, '');
	return {
		url,
		origins: isLoopback(url) ? LOOPBACK_NAMES.map((name) => withHost(url, name)) : [url.origin],
		siteUrl: parsed.data.CONVEX_SITE_URL,
		secret: parsed.data.BETTER_AUTH_SECRET,
		openRegistration: environment.PLUMBLINE_OPEN_REGISTRATION === '1',
		github: clientFrom(environment, 'PLUMBLINE_SIGN_IN_GITHUB'),
		google: clientFrom(environment, 'PLUMBLINE_SIGN_IN_GOOGLE'),
		oidc:
			oidc && issuer && URL.canParse(issuer)
				? { ...oidc, issuer, name: environment.PLUMBLINE_SIGN_IN_OIDC_NAME || new URL(issuer).hostname }
				: null,
		mail: server ? { server, from } : null
	};
}

function clientFrom(environment: Environment, prefix: string): Client | null {
	const clientId = environment[`${prefix}_CLIENT_ID`];
	const clientSecret = environment[`${prefix}_CLIENT_SECRET`];
	return clientId && clientSecret ? { clientId, clientSecret } : null;
}

/** Whether only a browser on this machine can open the URL. */
export function isLoopback(url: URL): boolean {
	return LOOPBACK_NAMES.includes(url.hostname);
}

/** The origin of a URL with another host name. */
export function withHost(url: URL, hostname: string): string {
	return `${url.protocol}//${hostname}${url.port === '' ? '' : `:${url.port}`}`;
}

/** The services that are configured, in the order in which they are shown. */
export function providersOf({ github, google, oidc }: AuthSettings): SignInProvider[] {
	return [
		...(google ? [{ id: 'google', name: 'Google' }] : []),
		...(github ? [{ id: 'github', name: 'GitHub' }] : []),
		...(oidc ? [{ id: OIDC_PROVIDER, name: oidc.name }] : [])
	];
}
