'use node';
/** Sockets whose address has been checked: what was looked at is what is connected to. */
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { checkAddress } from './address.ts';
import { IntegrationError } from './errors.ts';

export interface ResolvedAddress {
	readonly address: string;
	readonly family: number;
}
/** All A and AAAA answers for a host name. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

const resolveAll: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Connections of one client. The name is resolved once per connection; when any of its addresses is refused, so is the
 * connection, and it goes to one of the addresses that were checked (so a name that changes its mind changes nothing).
 */
export function guardedAgent(allowPrivate: boolean, resolve: Resolve = resolveAll): Agent {
	const checkedLookup: LookupFunction = (host, options, callback) => {
		resolve(host).then(
			(addresses) => {
				try {
					for (const { address } of addresses) checkAddress(host, address, allowPrivate);
				} catch (error) {
					callback(error instanceof Error ? error : new Error(String(error)), '');
					return;
				}
				const first = addresses[0];
				if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
				else if (options.all) callback(null, [...addresses]);
				else callback(null, first.address, first.family);
			},
			(error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '')
		);
	};
	return new Agent({ connect: { lookup: checkedLookup }, keepAliveTimeout: 4_000 });
}

/** An `IntegrationError` in the chain of causes, or null. Undici wraps what a connection throws. */
export function integrationError(error: unknown): IntegrationError | null {
	for (let inner = error; inner instanceof Error; inner = inner.cause)
		if (inner instanceof IntegrationError) return inner;
	return null;
}

/** The system's code of a connection failure (`ECONNREFUSED`), or "". */
export function failureCode(error: unknown): string {
	for (let inner = error; inner instanceof Error; inner = inner.cause)
		if ('code' in inner && typeof inner.code === 'string') return inner.code;
	return '';
}

const LASTING_FAILURE = /^ENOTFOUND$|CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS|^ERR_SSL|^EPROTO$/;

/** Whether asking again cannot help: the name does not exist, the certificate is not trusted. */
export function isLasting(code: string): boolean {
	return LASTING_FAILURE.test(code);
}
