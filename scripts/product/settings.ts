/** What the operator may set from outside, read once, refused with a sentence when it makes no sense. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isNetwork } from '../web/networks.ts';

export class SettingsError extends Error {}

/** Which Convex deployment serves the product. */
type DeploymentChoice =
	| { readonly kind: 'embedded'; readonly dataDir: string; readonly port: number | null }
	/** `url` is null for a cloud deployment named by CONVEX_DEPLOYMENT: the CLI knows where it is. */
	| { readonly kind: 'external'; readonly url: string | null; readonly adminKey: string | null };

/** `full`: a loss of power, too. `normal`: the death of any process. */
export type Durability = 'normal' | 'full';

export interface Settings {
	readonly host: string;
	/** null: find a free one, beginning with the default. */
	readonly port: number | null;
	/** The origin under which people open the product; null: this machine's own address only. */
	readonly publicUrl: string | null;
	/** Addresses and networks whose X-Forwarded-* headers are believed. */
	readonly trustedProxies: readonly string[];
	readonly deployment: DeploymentChoice;
	/** What the embedded deployment's commits survive; null leaves it to the command. */
	readonly durability: Durability | null;
	/** Settings handed on to the functions: base URLs of integrations, OAuth clients, private hosts, sign-in. */
	readonly functionEnvironment: Readonly<Record<string, string>>;
}

export const DEFAULT_PORT = 3000;
export const DEFAULT_CONVEX_PORT = 3210;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** Whether a host, as in a URL or as an address, is this machine itself. */
export function isLoopback(host: string): boolean {
	return LOOPBACK.has(host.replace(/^\[|\]$/g, ''));
}

type Environment = Readonly<Record<string, string | undefined>>;

function portFrom(environment: Environment, name: string): number | null {
	const text = environment[name];
	if (text === undefined || text === '') return null;
	const port = Number(text);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new SettingsError(`${name} must be a port number between 1 and 65535, not "${text}".`);
	}
	return port;
}

function hostFrom(environment: Environment): string {
	const host = environment['HOST'] || '127.0.0.1';
	if (!isLoopback(host) && !environment['PLUMBLINE_URL']) {
		throw new SettingsError(
			`HOST=${host} lets other machines in. Set PLUMBLINE_URL to where people open Plumbline, such as ` +
				'https://numbers.example.com: other names are refused.'
		);
	}
	return host;
}

function publicUrlFrom(environment: Environment): string | null {
	const text = environment['PLUMBLINE_URL'] || null;
	if (text === null) return null;
	const url = URL.parse(text);
	if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, '').toLowerCase()) {
		throw new SettingsError(
			`PLUMBLINE_URL must be where people open Plumbline, such as https://numbers.example.com, without a path; not "${text}".`
		);
	}
	return url.origin;
}

function trustedProxiesFrom(environment: Environment): string[] {
	const proxies = (environment['PLUMBLINE_TRUSTED_PROXY'] ?? '').split(/[\s,]+/).filter((proxy) => proxy !== '');
	const wrong = proxies.find((proxy) => !isNetwork(proxy));
	if (wrong === undefined) return proxies;
	throw new SettingsError(
		`PLUMBLINE_TRUSTED_PROXY must list addresses or networks, such as 127.0.0.1 or 10.0.0.0/24; "${wrong}" is neither.`
	);
}

function deploymentFrom(environment: Environment, root: string): DeploymentChoice {
	const url = environment['CONVEX_SELF_HOSTED_URL'] || environment['CONVEX_URL'] || null;
	if (url !== null && !URL.canParse(url)) {
		throw new SettingsError(`"${url}" is not a URL: check CONVEX_SELF_HOSTED_URL or CONVEX_URL.`);
	}
	if (url !== null || environment['CONVEX_DEPLOYMENT']) {
		return { kind: 'external', url, adminKey: environment['CONVEX_SELF_HOSTED_ADMIN_KEY'] || null };
	}
	return {
		kind: 'embedded',
		dataDir: resolve(root, environment['PLUMBLINE_DATA'] || '.plumbline'),
		port: portFrom(environment, 'CONVEX_PORT')
	};
}

function durabilityFrom(environment: Environment): Durability | null {
	const text = environment['PLUMBLINE_DURABILITY'] || null;
	if (text === null || text === 'normal' || text === 'full') return text;
	throw new SettingsError(`PLUMBLINE_DURABILITY must be normal or full, not "${text}".`);
}

/** Whether only a browser on this machine is meant to open the pages. */
export function isOnlyHere({ host, publicUrl }: Pick<Settings, 'host' | 'publicUrl'>): boolean {
	return LOOPBACK.has(host) && publicUrl === null;
}

/**
 * Whether integrations may call private networks. Somebody who alone uses their own machine may; once others can open
 * the product, or its functions run elsewhere, only when the operator says so.
 */
function allowPrivateHosts(environment: Environment, use: Pick<Settings, 'host' | 'publicUrl' | 'deployment'>): string {
	const text = environment['PLUMBLINE_ALLOW_PRIVATE_HOSTS'] || null;
	if (text !== null && text !== '0' && text !== '1')
		throw new SettingsError(`PLUMBLINE_ALLOW_PRIVATE_HOSTS must be 0 or 1, not "${text}".`);
	const alone =
		use.deployment.kind === 'embedded' &&
		isLoopback(use.host) &&
		(use.publicUrl === null || isLoopback(new URL(use.publicUrl).hostname));
	return text ?? (alone ? '1' : '0');
}

const OF_SIGN_IN: ReadonlySet<string> = new Set([
	'PLUMBLINE_OPEN_REGISTRATION',
	'PLUMBLINE_SMTP_URL',
	'PLUMBLINE_MAIL_FROM',
	'PLUMBLINE_SIGN_IN_GITHUB_CLIENT_ID',
	'PLUMBLINE_SIGN_IN_GITHUB_CLIENT_SECRET',
	'PLUMBLINE_SIGN_IN_GOOGLE_CLIENT_ID',
	'PLUMBLINE_SIGN_IN_GOOGLE_CLIENT_SECRET',
	'PLUMBLINE_SIGN_IN_OIDC_ISSUER',
	'PLUMBLINE_SIGN_IN_OIDC_NAME',
	'PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID',
	'PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET'
]);

const BASE_URL = /^INTEGRATION_BASE_URL_[A-Z0-9_]+$/;
const OAUTH_CLIENT = /^PLUMBLINE_[A-Z0-9]+_CLIENT_(ID|SECRET)$/;

/** Whether a variable is handed on to the functions as it is, and taken from them when it is no longer set. */
export function isHandedOn(name: string): boolean {
	return OF_SIGN_IN.has(name) || BASE_URL.test(name) || OAUTH_CLIENT.test(name);
}

/** Sign-in settings that make no sense are refused here, before anybody fails to sign in. */
function checkSignIn(environment: Environment): void {
	const open = environment['PLUMBLINE_OPEN_REGISTRATION'] || '0';
	if (open !== '0' && open !== '1')
		throw new SettingsError(`PLUMBLINE_OPEN_REGISTRATION must be 0 or 1, not "${open}".`);
	const smtp = environment['PLUMBLINE_SMTP_URL'] || null;
	if (smtp !== null && !/^smtps?:$/.test(URL.parse(smtp)?.protocol ?? ''))
		throw new SettingsError('PLUMBLINE_SMTP_URL must be an address such as smtp://user:password@mail.example.com:587.');
	for (const service of ['GITHUB', 'GOOGLE', 'OIDC']) {
		const parts = ['CLIENT_ID', 'CLIENT_SECRET', ...(service === 'OIDC' ? ['ISSUER'] : [])];
		const prefix = `PLUMBLINE_SIGN_IN_${service}`;
		const missing = parts.filter((part) => !environment[`${prefix}_${part}`]);
		if (missing.length > 0 && missing.length < parts.length)
			throw new SettingsError(`${prefix}_${missing[0]} is missing: sign-in with that service needs it.`);
	}
	const issuer = environment['PLUMBLINE_SIGN_IN_OIDC_ISSUER'] || null;
	if (issuer !== null && !/^https?:$/.test(URL.parse(issuer)?.protocol ?? ''))
		throw new SettingsError(`PLUMBLINE_SIGN_IN_OIDC_ISSUER must be a URL, not "${issuer}".`);
}

function functionEnvironmentFrom(environment: Environment, allowPrivate: string): Record<string, string> {
	checkSignIn(environment);
	const handedOn: Record<string, string> = { PLUMBLINE_ALLOW_PRIVATE_HOSTS: allowPrivate };
	for (const [name, value] of Object.entries(environment)) {
		if (!isHandedOn(name) || !value) continue;
		if (BASE_URL.test(name) && !URL.canParse(value)) throw new SettingsError(`${name} must be a URL, not "${value}".`);
		handedOn[name] = value;
	}
	return handedOn;
}

/** The choice of deployment may also stand in `.env.local`, where the Convex CLI writes it; the environment wins. */
function withEnvLocal(environment: Environment, root: string): Environment {
	const path = resolve(root, '.env.local');
	if (!existsSync(path)) return environment;
	const { CONVEX_DEPLOYMENT, CONVEX_SELF_HOSTED_URL, CONVEX_SELF_HOSTED_ADMIN_KEY } = parseEnv(
		readFileSync(path, 'utf8')
	);
	return { CONVEX_DEPLOYMENT, CONVEX_SELF_HOSTED_URL, CONVEX_SELF_HOSTED_ADMIN_KEY, ...environment };
}

/** Reads the settings of this start. Throws SettingsError with a sentence. */
export function readSettings(environment: Environment = process.env, root: string = process.cwd()): Settings {
	const merged = withEnvLocal(environment, root);
	const use = {
		host: hostFrom(merged),
		publicUrl: publicUrlFrom(merged),
		deployment: deploymentFrom(merged, root)
	};
	return {
		...use,
		port: portFrom(merged, 'PORT'),
		trustedProxies: trustedProxiesFrom(merged),
		durability: durabilityFrom(merged),
		functionEnvironment: functionEnvironmentFrom(merged, allowPrivateHosts(merged, use))
	};
}
