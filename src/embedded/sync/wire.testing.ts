/** A deployment's sockets over the engine of tests, and a client that speaks the protocol by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { createBackend } from '../backend.ts';
import { OriginGuard } from '../http/guard.ts';
import { closeServer, createHttpServer, listen } from '../http/server.ts';
import type { Backend } from '../http/server.ts';
import { MemoryEngine } from '../memoryEngine.testing.ts';
import { decodeTs, encodeTs } from './protocol.ts';

export const ADMIN_KEY = 'test|0123456789abcdef';

const version = z.object({ querySet: z.number(), identity: z.number(), ts: z.string() });
const serverMessage = z.looseObject({
	type: z.string(),
	startVersion: version.optional(),
	endVersion: version.optional(),
	modifications: z
		.array(z.looseObject({ type: z.string(), queryId: z.number(), value: z.unknown().optional() }))
		.optional()
});
export type Message = z.infer<typeof serverMessage>;

/** A socket that speaks the protocol by hand, and checks that versions follow one another. */
export class Wire {
	readonly socket: WebSocket;
	readonly messages: Message[] = [];
	readonly closed: Promise<{ code: number; reason: string }>;
	#end: z.infer<typeof version> | undefined = { querySet: 0, identity: 0, ts: encodeTs(0n) };

	constructor(port: number, options: { origin?: string } = {}) {
		this.socket = new WebSocket(`ws://127.0.0.1:${port}/api/1.48.0/sync`, options);
		this.socket.on('message', (data) => {
			const message = serverMessage.parse(JSON.parse(String(data)));
			if (message.type === 'Transition') {
				expect(message.startVersion).toEqual(this.#end);
				expect(decodeTs(message.endVersion?.ts ?? '')).toBeGreaterThanOrEqual(decodeTs(this.#end?.ts ?? ''));
				this.#end = message.endVersion;
			}
			this.messages.push(message);
		});
		this.closed = new Promise((resolve) =>
			this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
		);
		this.socket.on('error', () => undefined);
	}

	async open(sessionId: string = crypto.randomUUID()): Promise<this> {
		await new Promise((resolve) => this.socket.once('open', resolve));
		this.send({ type: 'Connect', sessionId, connectionCount: 0, lastCloseReason: null, clientTs: Date.now() });
		return this;
	}

	send(message: object): void {
		this.socket.send(JSON.stringify(message));
	}

	add(baseVersion: number, queryId: number, udfPath: string, argument: object): void {
		const modifications = [{ type: 'Add', queryId, udfPath, args: [argument] }];
		this.send({ type: 'ModifyQuerySet', baseVersion, newVersion: baseVersion + 1, modifications });
	}

	mutate(requestId: number, udfPath: string, argument: object): void {
		this.send({ type: 'Mutation', requestId, udfPath, args: [argument] });
	}

	async until(check: (messages: Message[]) => boolean): Promise<void> {
		await vi.waitFor(() => expect(check(this.messages)).toBe(true), { timeout: 3_000, interval: 5 });
	}

	/** The latest value of a query. */
	value(queryId: number): unknown {
		for (const message of this.messages.toReversed()) {
			const found = message.modifications?.findLast((one) => one.queryId === queryId);
			if (found) return found.value;
		}
		return undefined;
	}
}

export interface TestServer {
	readonly engine: MemoryEngine;
	readonly backend: Backend;
	readonly server: Server;
	readonly port: number;
	/** Opens a socket and says Connect. */
	connect(sessionId?: string): Promise<Wire>;
	close(): Promise<void>;
}

export async function startTestServer(): Promise<TestServer> {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'sync-'));
	const engine = new MemoryEngine();
	const backend = createBackend(engine, {
		adminKey: ADMIN_KEY,
		dataDir,
		cloudUrl: 'http://cloud.test',
		siteUrl: 'http://site.test'
	});
	const guard = new OriginGuard(['http://app.test']);
	const server = createHttpServer({ guard, backend: Promise.resolve(backend), report: () => undefined }, false);
	const port = await listen(server, '127.0.0.1', 0);
	const wires: Wire[] = [];
	return {
		engine,
		backend,
		server,
		port,
		async connect(sessionId) {
			const wire = new Wire(port);
			wires.push(wire);
			return await wire.open(sessionId);
		},
		async close() {
			for (const wire of wires) wire.socket.terminate();
			await backend.sync.close();
			backend.deployment.hub.close();
			await closeServer(server, 0);
			rmSync(dataDir, { recursive: true, force: true });
		}
	};
}
