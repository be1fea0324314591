/** Which addresses an integration may call. Everything else is refused before a byte is sent. */
import ipaddr from 'ipaddr.js';
import { IntegrationError } from './errors.ts';

/** Ranges that belong to the operator's own network. Link-local (cloud metadata) is never among them. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Where cloud platforms hand out the machine's own credentials, in ranges that are otherwise private or even public:
 * Alibaba Cloud, Azure, AWS and Google Cloud over IPv6. All others are link-local or reserved.
 */
const METADATA: ReadonlySet<string> = new Set(['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']);

/** The address itself, or the IPv4 address that an IPv6 one carries (mapped, compatible, NAT64, 6to4). */
function carried(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
	if (address instanceof ipaddr.IPv4) return address;
	const bytes = address.toByteArray();
	if (address.isIPv4MappedAddress()) return address.toIPv4Address();
	if (address.range() === 'rfc6052') return new ipaddr.IPv4(bytes.slice(12));
	if (address.range() === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
	const compatible = bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12, 15).some((byte) => byte !== 0);
	return compatible ? new ipaddr.IPv4(bytes.slice(12)) : address;
}

/** Of IPv6 only 2000::/3 is handed out to anybody; what is left over may mean something one day. */
function isGlobal(address: ipaddr.IPv6): boolean {
	return address.match(ipaddr.IPv6.parse('2000::'), 3);
}

/** Whether a numeric address may be called: public ones always, private ones when the operator allows it. */
export function addressAllowed(address: string, allowPrivate: boolean): boolean {
	if (!ipaddr.isValid(address)) return false;
	const meant = carried(ipaddr.parse(address));
	const range = meant.range();
	if (METADATA.has(meant.toString())) return false;
	if (range === 'unicast') return meant instanceof ipaddr.IPv4 || isGlobal(meant);
	return allowPrivate && PRIVATE_RANGES.has(range);
}

/** Throws `config` unless the address may be called. */
export function checkAddress(host: string, address: string, allowPrivate: boolean): void {
	if (addressAllowed(address, allowPrivate)) return;
	throw new IntegrationError(
		'config',
		`${host} is an address inside a private or reserved network, which this server does not call. ` +
			'Use a public address, or ask the operator to allow private hosts.'
	);
}

function bareHost(url: URL): string {
	return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Parses the text of a URL and checks everything that can be known without asking the DNS: scheme, user info, ASCII
 * host, numeric address, allowed hosts (`host` or `host:port`; null allows any). Throws `config`.
 */
export function checkUrl(text: string, allowedHosts: readonly string[] | null, allowPrivate: boolean): URL {
	if (!URL.canParse(text))
		throw new IntegrationError('config', 'The address is not a complete URL such as https://example.com.');
	const url = new URL(text);
	if (url.protocol !== 'https:' && url.protocol !== 'http:')
		throw new IntegrationError('config', `The address begins with "${url.protocol}"; only https is called.`);
	if (url.username !== '' || url.password !== '')
		throw new IntegrationError('config', 'The address contains a user name or password; put them in their own fields.');
	const typedHost = /^[a-z]+:[/\\]*([^/\\?#]*)/i.exec(text)?.[1] ?? '';
	if (!/^[\x21-\x7e]+$/.test(typedHost) || /(^|\.)xn--/i.test(url.hostname))
		throw new IntegrationError(
			'config',
			'The host name of the address may contain only the letters a-z, digits, dots and hyphens.'
		);
	if (allowedHosts !== null && !allowedHosts.includes(url.host))
		throw new IntegrationError('config', `${url.host} is not a host that this integration may call.`);
	const host = bareHost(url);
	if (ipaddr.isValid(host)) checkAddress(host, host, allowPrivate);
	if (url.protocol === 'http:' && !allowPrivate)
		throw new IntegrationError(
			'config',
			'The address begins with http, which sends credentials unencrypted; use https.'
		);
	return url;
}
