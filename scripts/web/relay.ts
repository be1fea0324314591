/**
 * The one way from the outside to the deployment: the WebSocket of the sync protocol. Nothing else of it can be reached
 * through the pages' server, so its administration stays on this machine.
 */
import { request as call } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const SYNC_PATH = /^\/api\/(?:\d+\.\d+\.\d+[\w.-]*\/)?sync(?:\?|$)/;
const HANDED_ON = ['upgrade', 'connection', 'origin', 'user-agent', 'convex-client'];
const CONNECT_MS = 10_000;

/** Whether a request's target is the WebSocket that is handed on. */
export function isRelayed(target: string): boolean {
	return SYNC_PATH.test(target);
}

/** Hands an upgrade on to the deployment and joins the two sockets; what it refuses is refused with its own answer. */
export function relay(request: IncomingMessage, socket: Duplex, head: Buffer, deployment: URL): void {
	const headers = Object.entries(request.headers).filter(
		([name]) => HANDED_ON.includes(name) || name.startsWith('sec-websocket-')
	);
	const onward = call({
		host: deployment.hostname,
		port: deployment.port,
		path: request.url,
		headers: Object.fromEntries(headers),
		timeout: CONNECT_MS
	});
	socket.on('error', () => socket.destroy());
	socket.once('close', () => onward.destroy());
	onward.once('timeout', () => onward.destroy(new Error('The deployment does not answer.')));
	onward.once('error', () => refuse(socket, 502, 'The deployment does not answer.'));
	onward.once('response', (answer) => {
		socket.write(headOf(answer));
		answer.pipe(socket);
	});
	onward.once('upgrade', (answer, inner, innerHead) => {
		inner.setTimeout(0);
		inner.setNoDelay(true);
		inner.on('error', () => socket.destroy());
		inner.once('close', () => socket.destroy());
		socket.once('close', () => inner.destroy());
		socket.write(headOf(answer));
		if (innerHead.length > 0) socket.write(innerHead);
		if (head.length > 0) inner.write(head);
		inner.pipe(socket).pipe(inner);
	});
	onward.end();
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
	const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
	for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
	return `${lines.join('\r\n')}\r\n\r\n`;
}

const REASONS: Readonly<Record<number, string>> = {
	400: 'Bad Request',
	403: 'Forbidden',
	404: 'Not Found',
	502: 'Bad Gateway'
};

/** Ends an upgrade with a status and a sentence. */
export function refuse(socket: Duplex, status: number, message: string): void {
	if (socket.destroyed) return;
	const head = [
		`HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}`,
		'content-type: text/plain; charset=utf-8',
		`content-length: ${Buffer.byteLength(message)}`,
		'connection: close'
	];
	socket.end(`${head.join('\r\n')}\r\n\r\n${message}`);
}
