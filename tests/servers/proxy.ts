/** A reverse proxy as operators put in front of Plumbline: it ends TLS and says for whom it asks. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as call } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';

/** A key that secures nothing, and its certificate for localhost. */
const pem = readFileSync(new URL('localhost.pem', import.meta.url), 'utf8');

export interface ReverseProxy {
	readonly url: string;
	/** Where it sends requests, by port of this machine. */
	target: number;
	close(): Promise<void>;
}

/** Starts one on a free port. Its name is one that browsers take for this machine, and nobody else does. */
export async function startProxy(): Promise<ReverseProxy> {
	const server = createServer({ key: pem, cert: pem });
	const proxy = {
		url: '',
		target: 0,
		async close() {
			server.close();
			server.closeAllConnections();
		}
	};
	const onward = (request: IncomingMessage) =>
		call({
			host: '127.0.0.1',
			port: proxy.target,
			path: request.url,
			method: request.method,
			headers: {
				...request.headers,
				'x-forwarded-for': request.socket.remoteAddress,
				'x-forwarded-proto': 'https',
				'x-forwarded-host': request.headers.host
			}
		});
	server.on('request', (request, response) => {
		const sent = onward(request);
		sent.on('response', (answer) => {
			response.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(response);
		});
		sent.on('error', () => response.destroy());
		request.pipe(sent);
	});
	server.on('upgrade', (request, socket) => {
		const sent = onward(request);
		socket.on('error', () => socket.destroy());
		sent.on('error', () => socket.destroy());
		sent.on('response', () => socket.destroy());
		sent.on('upgrade', (answer, inner) => {
			const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
			socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('\r\n')}\r\n\r\n`);
			inner.on('error', () => socket.destroy());
			inner.on('close', () => socket.destroy());
			socket.on('close', () => inner.destroy());
			inner.pipe(socket).pipe(inner);
		});
		sent.end();
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
	proxy.url = `https://numbers.localhost:${address.port}`;
	return proxy;
}
