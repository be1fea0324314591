/** Where passkeys work: they belong to a name, and browsers offer them over https and on localhost only. */

interface Place {
	readonly protocol: string;
	readonly hostname: string;
	readonly port: string;
	readonly secure: boolean;
}

/** Why no passkey can be made under this address, and what to do; null when it can. */
export function passkeyObstacle({ protocol, hostname, port, secure }: Place): string | null {
	const isAddress = /^\d+\.\d+\.\d+\.\d+$|^\[/.test(hostname);
	const isLoopback = /^127\.|^\[::1\]$/.test(hostname);
	if (isLoopback) {
		const name = `${protocol}//localhost${port === '' ? '' : `:${port}`}`;
		return `A passkey belongs to a name, and this page is open under a number. Open ${name} and sign in there to add one.`;
	}
	if (isAddress)
		return 'A passkey belongs to a name, and this page is open under a number. Give Plumbline a host name with https.';
	if (!secure) return 'Browsers keep passkeys to https and localhost. Put Plumbline behind https to use them.';
	return null;
}
