/** Sets of addresses as an operator writes them: `127.0.0.1, 10.0.0.0/8, fd00::/8`. */
import { BlockList, isIP } from 'node:net';

interface Network {
	readonly address: string;
	readonly bits: number;
	readonly family: 'ipv4' | 'ipv6';
}

function parseNetwork(text: string): Network | null {
	const [address = '', prefix, ...rest] = text.split('/');
	const version = isIP(address);
	if (version === 0 || rest.length > 0) return null;
	const most = version === 4 ? 32 : 128;
	if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return null;
	const bits = prefix === undefined ? most : Number(prefix);
	return bits <= most ? { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' } : null;
}

/** Whether a text names an address or a network. */
export function isNetwork(text: string): boolean {
	return parseNetwork(text) !== null;
}

/** An address without the IPv6 wrapping that a dual-stack socket gives to IPv4. */
export function plainAddress(address: string): string {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
	return mapped ?? address;
}

/** A membership test for networks that `isNetwork` accepted. */
export function within(networks: readonly string[]): (address: string) => boolean {
	const list = new BlockList();
	for (const text of networks) {
		const network = parseNetwork(text);
		if (network !== null) list.addSubnet(network.address, network.bits, network.family);
	}
	return (address) => {
		const plain = plainAddress(address);
		const version = isIP(plain);
		return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
	};
}
