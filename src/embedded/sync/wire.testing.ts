/** A deployment's sockets over the corpus, and a client that speaks the protocol by hand. */
import type { Server } from 'node:http';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { createBackend } from '../backend.ts';
import { Corpus } from '../corpus/harness.ts';
import type { Engine } from '../engine/engine.ts';
import type { Limits } from '../engine/limits.ts';
import { OriginGuard } from '../http/guard.ts';
import { closeServer, createHttpServer, listen } from '../http/server.ts';
import type { Backend, HttpTiming } from '../http/server.ts';
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
		await vi.waitFor(() => expect(check(this.messages)).toBe(true), { timeout: 20_000, interval: 5 });
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
	readonly corpus: Corpus;
	readonly engine: Engine;
	readonly backend: Backend;
	readonly server: Server;
	readonly port: number;
	readonly url: string;
	/** What the front told its operator. */
	readonly reports: string[];
	/** Opens a socket and says Connect. */
	connect(sessionId?: string): Promise<Wire>;
	/** Ends every socket that was opened here. */
	hangUp(): void;
	/** How often a query has been run by the engine. */
	runs(path: string): number;
	close(): Promise<void>;
}

/** Everything of a deployment but its folder lock, with the corpus pushed. */
export async function startTestServer(
	limits: Partial<Limits> = {},
	timing?: HttpTiming,
	adminKeyFromPages?: boolean
): Promise<TestServer> {
	const corpus = await Corpus.start(limits);
	const { engine, dataDir } = corpus;
	const backend = createBackend(engine, {
		adminKey: ADMIN_KEY,
		dataDir,
		cloudUrl: 'http://cloud.test',
		siteUrl: 'http://site.test',
		adminKeyFromPages,
		report: () => undefined
	});
	const guard = new OriginGuard(['http://app.test']);
	const reports: string[] = [];
	const report = (sentence: string): void => void reports.push(sentence);
	const server = createHttpServer({ guard, backend: Promise.resolve(backend), report, timing }, false);
	const port = await listen(server, '127.0.0.1', 0);
	const wires: Wire[] = [];
	const hangUp = (): void => {
		for (const wire of wires.splice(0)) wire.socket.terminate();
	};
	return {
		corpus,
		engine,
		backend,
		server,
		port,
		url: `http://127.0.0.1:${port}`,
		reports,
		async connect(sessionId) {
			const wire = new Wire(port);
			wires.push(wire);
			return await wire.open(sessionId);
		},
		hangUp,
		runs: (path) => corpus.logs.filter(({ identifier }) => identifier === path).length,
		async close() {
			hangUp();
			await backend.sync.close();
			backend.deployment.hub.close();
			await closeServer(server, 0);
			await corpus.close();
		}
	};
}
