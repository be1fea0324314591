/**
 * The words of the sync protocol: client messages are parsed, server messages are written.
 * Results and arguments stay Convex JSON text; a timestamp is nanoseconds, little endian, in base64.
 */
import { z } from 'zod';
import type { Outcome } from '../engine/types.ts';
import { shared } from './texts.ts';
import type { Part, Text } from './texts.ts';

/** A client broke the protocol. The socket gets a FatalError with this sentence and is closed. */
export class ProtocolError extends Error {
	override readonly name = 'ProtocolError';
}

const count = z.int().nonnegative();
const functionArguments = z.array(z.unknown()).max(1);

const addQuery = z.object({
	type: z.literal('Add'),
	queryId: count,
	udfPath: z.string(),
	args: functionArguments,
	journal: z.string().nullish(),
	componentPath: z.string().nullish()
});
const removeQuery = z.object({ type: z.literal('Remove'), queryId: count });

const call = { requestId: count, udfPath: z.string(), args: functionArguments, componentPath: z.string().nullish() };
const authenticate = { type: z.literal('Authenticate'), baseVersion: count };

const clientMessage = z.union([
	z.object({ type: z.literal('Mutation'), ...call }),
	z.object({ type: z.literal('Action'), ...call }),
	z.object({
		type: z.literal('ModifyQuerySet'),
		baseVersion: count,
		newVersion: count,
		modifications: z.array(z.discriminatedUnion('type', [addQuery, removeQuery]))
	}),
	z.object({ ...authenticate, tokenType: z.literal('None') }),
	z.object({ ...authenticate, tokenType: z.literal('User'), value: z.string() }),
	z.object({
		...authenticate,
		tokenType: z.literal('Admin'),
		value: z.string(),
		impersonating: z.record(z.string(), z.unknown()).nullish()
	}),
	z.object({
		type: z.literal('Connect'),
		sessionId: z.string().max(64),
		connectionCount: count,
		lastCloseReason: z.string().nullish(),
		maxObservedTimestamp: z.string().nullish(),
		clientTs: z.number().nullish()
	}),
	z.object({ type: z.literal('Event') })
]);

export type ClientMessage = z.infer<typeof clientMessage>;
export type MessageOf<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;
export type AddQuery = z.infer<typeof addQuery>;
export type QueryModification = AddQuery | z.infer<typeof removeQuery>;

/** Parses one frame. Throws a ProtocolError that names what is wrong. */
export function parseClientMessage(text: string): ClientMessage {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new ProtocolError('A message was not JSON.');
	}
	const parsed = clientMessage.safeParse(json);
	if (parsed.success) return parsed.data;
	const type = z.object({ type: z.string() }).safeParse(json);
	throw new ProtocolError(
		`A message of type ${type.success ? JSON.stringify(type.data.type.slice(0, 40)) : 'unknown'} was not understood.`
	);
}

export interface StateVersion {
	readonly querySet: number;
	readonly identity: number;
	/** Nanoseconds since the epoch. */
	readonly ts: bigint;
}

export const INITIAL_VERSION: StateVersion = { querySet: 0, identity: 0, ts: 0n };

const MAX_U64 = 2n ** 64n - 1n;

/** Nanoseconds as the protocol writes them. */
export function encodeTs(ts: bigint): string {
	if (ts < 0n || ts > MAX_U64) throw new RangeError('A timestamp does not fit 64 bits.');
	const bytes = Buffer.allocUnsafe(8);
	bytes.writeBigUInt64LE(ts);
	return bytes.toString('base64');
}

/** Reads a timestamp. Throws a ProtocolError unless it is eight bytes of base64. */
export function decodeTs(text: string): bigint {
	const bytes = Buffer.from(text, 'base64');
	if (bytes.length !== 8) throw new ProtocolError('A timestamp was not eight bytes of base64.');
	return bytes.readBigUInt64LE();
}

function version({ querySet, identity, ts }: StateVersion): string {
	return `{"querySet":${querySet},"identity":${identity},"ts":"${encodeTs(ts)}"}`;
}

/** `,"errorData":…` for a ConvexError, nothing otherwise. */
function errorData(data: string | undefined): string {
	return data === undefined ? '' : `,"errorData":${data}`;
}

/** What a transition says of a query's answer, whoever it is told to. */
export function answerText(outcome: Outcome, journal: string | null): Part {
	const tail = `"logLines":${JSON.stringify(outcome.logLines)},"journal":${JSON.stringify(journal)}}`;
	if (outcome.ok) return shared(`"type":"QueryUpdated","value":${outcome.value},${tail}`);
	const { message, data } = outcome.failure;
	return shared(`"type":"QueryFailed","errorMessage":${JSON.stringify(message)}${errorData(data)},${tail}`);
}

/** One changed query inside a transition; `answer` is an `answerText`. */
export function queryChanged(queryId: number, answer: Part): Text {
	return [`{"queryId":${queryId},`, answer];
}

export function queryRemoved(queryId: number): Text {
	return [`{"type":"QueryRemoved","queryId":${queryId}}`];
}

/** `modifications` are texts of `queryChanged` and `queryRemoved`; the skew is client minus server, in ms. */
export function transition(
	start: StateVersion,
	end: StateVersion,
	modifications: readonly Text[],
	clientClockSkew: number | null
): Text {
	const skew = clientClockSkew === null ? '' : `,"clientClockSkew":${clientClockSkew}`;
	return [
		`{"type":"Transition","startVersion":${version(start)},"endVersion":${version(end)},"modifications":[`,
		...modifications.flatMap((text, index) => (index === 0 ? text : [',', ...text])),
		`]${skew}}`
	];
}

/** The answer to a Mutation (with its commit timestamp) or, without `ts`, to an Action. */
export function callResponse(
	type: 'MutationResponse' | 'ActionResponse',
	requestId: number,
	outcome: Outcome,
	ts: bigint | null
): string {
	const head = `{"type":"${type}","requestId":${requestId}`;
	const logLines = `"logLines":${JSON.stringify(outcome.logLines)}}`;
	if (!outcome.ok) {
		const { message, data } = outcome.failure;
		return `${head},"success":false,"result":${JSON.stringify(message)}${errorData(data)},${logLines}`;
	}
	const committed = ts === null ? '' : `"ts":"${encodeTs(ts)}",`;
	return `${head},"success":true,"result":${outcome.value},${committed}${logLines}`;
}

/** `authUpdateAttempted`: whether an Authenticate message caused it, rather than a token that ran out. */
export function authError(error: string, baseVersion: number, authUpdateAttempted: boolean): string {
	return JSON.stringify({ type: 'AuthError', error, baseVersion, authUpdateAttempted });
}

export function fatalError(error: string): string {
	return JSON.stringify({ type: 'FatalError', error });
}

export const PING = '{"type":"Ping"}';
