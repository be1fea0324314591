'use node';
/** Sockets whose address has been checked: what was looked at is what is connected to. */
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { checkAddress } from './address.ts';

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
