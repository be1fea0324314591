/** Bad addresses, one a row, through the very client that integrations get: not one byte leaves for any of them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedAddress } from './connect.ts';
import { createHttpClient } from './http.ts';
import type { HttpClientOptions } from './http.ts';

const SECRET = 'planted-secret';
const PUBLIC = { address: '93.184.216.34', family: 4 };
const four = (address: string): ResolvedAddress => ({ address, family: 4 });
const six = (address: string): ResolvedAddress => ({ address, family: 6 });

/** Whatever reaches this machine in spite of the guard is heard here. */
const heard: string[] = [];
const sockets = new Set<Socket>();
const server = createServer((request, response) => {
	heard.push(request.url ?? '');
	const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
	if (to === null) response.end('{}');
	else response.writeHead(Number(request.headers['x-status'] ?? 302), { location: to }).end();
});
server.on('connection', (socket) => sockets.add(socket));
let port = 0;
beforeAll(async () => {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
	server.close();
	server.closeAllConnections();
});

/** Asks as an integration does whose person typed this address. */
async function ask(baseUrl: string, options: Partial<HttpClientOptions> = {}) {
	const client = () =>
		createHttpClient({
			integrationId: 'test',
			baseUrl,
			allowedHosts: null,
			allowPrivate: false,
			secrets: [SECRET],
			tries: 1,
			...options
		});
	// The constructor refuses what can be seen without asking the DNS.
	return await (async () => client().request({ url: '/', headers: { authorization: SECRET } }))();
}

async function refused(baseUrl: string, options: Partial<HttpClientOptions> = {}) {
	const before = sockets.size;
	await expect(ask(baseUrl, options)).rejects.toMatchObject({ kind: 'config' });
	expect(sockets.size).toBe(before);
}

describe('without private hosts', () => {
	// B6
	it.each([
		['loopback', 'https://127.0.0.1'],
		['a name of this machine', 'https://localhost'],
		['any address', 'https://0.0.0.0'],
		['octal', 'https://0177.0.0.1'],
		['octal in full', 'https://0177.0000.0000.0001'],
		['decimal', 'https://2130706433'],
		['hexadecimal', 'https://0x7f000001'],
		['hexadecimal by part', 'https://0x7f.0x0.0x0.0x1'],
		['mixed', 'https://0x7f.0.1'],
		['short', 'https://127.1'],
		['shorter', 'https://127.0.1'],
		['with a dot behind', 'https://127.0.0.1.'],
		['percent-encoded', 'https://%31%32%37.0.0.1'],
		['another loopback', 'https://127.255.255.254'],
		['private', 'https://10.0.0.1'],
		['private', 'https://172.31.255.255'],
		['private', 'https://192.168.0.1'],
		['of the provider', 'https://100.64.0.1'],
		['metadata', 'https://169.254.169.254/latest/meta-data'],
		['metadata in decimal', 'https://2852039166'],
		['broadcast', 'https://255.255.255.255'],
		// B7
		['IPv6 loopback', 'https://[::1]'],
		['IPv6 any', 'https://[::]'],
		['mapped', 'https://[::ffff:127.0.0.1]'],
		['mapped metadata', 'https://[::ffff:169.254.169.254]'],
		['mapped, in hexadecimal', 'https://[::ffff:a9fe:a9fe]'],
		['compatible', 'https://[::127.0.0.1]'],
		['unique local', 'https://[fd00::1]'],
		['link-local', 'https://[fe80::1]'],
		['site-local', 'https://[fec0::1]'],
		['NAT64', 'https://[64:ff9b::7f00:1]'],
		['local NAT64', 'https://[64:ff9b:1::7f00:1]'],
		['translated', 'https://[::ffff:0:127.0.0.1]'],
		['6to4', 'https://[2002:7f00:1::]'],
		['Teredo', 'https://[2001:0:7f00:1::]'],
		['multicast', 'https://[ff02::1]'],
		['a zone', 'https://[fe80::1%25eth0]'],
		// B10
		['a file', 'file:///etc/passwd'],
		['gopher', 'gopher://example.com'],
		['ftp', 'ftp://example.com'],
		['data', 'data:application/json,{}'],
		['a script', 'javascript:alert(1)'],
		['a WebSocket', 'wss://example.com'],
		['unencrypted', 'http://example.com'],
		['user info', 'https://user:password@example.com'],
		['user info before an inner host', 'https://example.com@127.0.0.1'],
		['punycode', 'https://xn--80ak6aa92e.com'],
		['Cyrillic', 'https://аррӏе.com'],
		['full-width dots', 'https://127。0。0。1'],
		['full-width digits', 'https://１２７.0.0.1'],
		['circled letters', 'https://ⓔxample.com'],
		['a line break', 'https://exam\nple.com'],
		['a tab', 'https://exam\tple.com'],
		['no scheme', '127.0.0.1'],
		['nothing', '']
	])('%s is refused: %j', (_what, url) => refused(url));

	// B8
	it.each<[string, readonly ResolvedAddress[]]>([
		['one private address', [four('10.0.0.1')]],
		['two A records, the second private', [PUBLIC, four('127.0.0.1')]],
		['two A records, the first private', [four('127.0.0.1'), PUBLIC]],
		['a public A and a private AAAA record', [PUBLIC, six('::1')]],
		['mapped metadata', [six('::ffff:169.254.169.254')]],
		['a zone', [six('fe80::1%eth0')]],
		['NAT64', [six('64:ff9b::a9fe:a9fe')]],
		['no address at all', [four('')]]
	])('a name that leads to %s is refused', async (_what, addresses) => {
		let asked = 0;
		const resolve = async () => {
			asked++;
			return addresses;
		};
		await refused('https://api.example.com', { resolve });
		expect(asked).toBe(1);
	});

	it('a name that changes between two questions is asked once a connection, and that answer is the one called', async () => {
		let asked = 0;
		// Public when it is looked at, this machine when it would be called.
		const resolve = async () => [asked++ % 2 === 0 ? PUBLIC : four('127.0.0.1')];
		const before = sockets.size;
		const options = { resolve, deadlineMs: 250 };
		await expect(ask(`https://rebound.example:${port}`, options)).rejects.toMatchObject({
			kind: expect.stringMatching(/timeout|unreachable/)
		});
		expect(asked).toBe(1);
		await refused(`https://rebound.example:${port}`, options);
		expect([asked, sockets.size]).toEqual([2, before]);
	});
});

describe('with private hosts allowed', () => {
	const options = { allowPrivate: true };

	it.each([
		'http://169.254.169.254',
		'http://[fe80::1]',
		'http://[fd00:ec2::254]',
		'http://100.100.100.200',
		'http://168.63.129.16',
		'http://0.0.0.0',
		'http://[::ffff:a9fe:a9fe]',
		'file:///etc/passwd',
		'http://user:password@127.0.0.1'
	])('%s is still refused', (url) => refused(url, options));

	it.each(['169.254.169.254', '0.0.0.0', 'fd20:ce::254'])('a name that leads to %s is still refused', (address) =>
		refused('http://inner.example', {
			...options,
			resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }]
		})
	);

	// B9
	it.each([
		'http://169.254.169.254/latest/meta-data',
		'http://[fd00:ec2::254]/',
		'//169.254.169.254/',
		'file:///etc/passwd',
		'gopher://127.0.0.1/',
		'data:text/plain,x',
		'https://evil.example/',
		'http://user:password@127.0.0.1/',
		'http://127.0.0.1:1/'
	])('a redirect to %s is refused, with every status', async (location) => {
		for (const status of [301, 302, 303, 307, 308]) {
			const client = createHttpClient({
				integrationId: 'test',
				baseUrl: `http://127.0.0.1:${port}`,
				allowedHosts: null,
				secrets: [SECRET],
				tries: 1,
				...options
			});
			const asked = client.request({
				url: '/',
				query: { to: location },
				headers: { authorization: SECRET, 'x-status': String(status) }
			});
			await expect(asked).rejects.toMatchObject({ kind: 'config' });
			expect(client.calls).toBe(1);
		}
	});

	it('a redirect to a name is resolved and checked like the first one', async () => {
		const asked: string[] = [];
		const client = createHttpClient({
			integrationId: 'test',
			allowedHosts: [`first.example:${port}`, `second.example:${port}`],
			allowPrivate: true,
			secrets: [SECRET],
			tries: 1,
			resolve: async (host) => {
				asked.push(host);
				return [four(host === 'first.example' ? '127.0.0.1' : '169.254.169.254')];
			}
		});
		const to = `http://second.example:${port}/`;
		await expect(client.request({ url: `http://first.example:${port}/`, query: { to } })).rejects.toMatchObject({
			kind: 'config'
		});
		expect(asked).toEqual(['first.example', 'second.example']);
	});
});
