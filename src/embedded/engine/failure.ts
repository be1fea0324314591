import { StoreError } from '../store/errors.ts';
import { DeveloperError } from '../values/errors.ts';
import type { StackMapper } from './stack.ts';
import type { Failure, FunctionCall, Outcome } from './types.ts';

/** What went wrong in a function, before a request id is put in front of it. */
export interface Fault {
	/** `Uncaught Error: msg\n    at handler (…)\n`, or a sentence of the engine. */
	readonly message: string;
	/** Convex JSON text, only for a ConvexError. */
	readonly data?: string;
}

/** The request is refused before user code runs, or the engine stops it: the message is shown as it is. */
export class FunctionRefusal extends Error {
	override readonly name = 'FunctionRefusal';
}

/** What user code threw, in a shape that can be sent: its stack is V8's own, of the code as it was bundled. */
export interface Thrown {
	readonly message: string;
	readonly stack: string;
	readonly data?: string;
}

/** Reads whatever user code threw. */
export function thrownBy(error: unknown): Thrown {
	if (error instanceof FunctionRefusal || error instanceof DeveloperError || error instanceof StoreError)
		return { message: error.message, stack: '' };
	if (typeof error !== 'object' || error === null) return { message: `Uncaught ${String(error)}`, stack: '' };
	const name = 'name' in error ? String(error.name) : '';
	const message = 'message' in error ? String(error.message) : '';
	const head = `Uncaught ${[name, message].filter((part) => part !== '').join(': ')}`.trimEnd();
	const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : '';
	const isConvexError = 'ConvexErrorSymbol' in error && 'data' in error && typeof error.data === 'string';
	return isConvexError ? { message: head, stack, data: String(error.data) } : { message: head, stack };
}

/** What was thrown, its frames at the places of the sources. */
export function located({ message, stack, ...rest }: Thrown, stacks: StackMapper): Fault {
	const frames = stacks.frames(stack);
	return { ...rest, message: frames === '' ? message : `${message}\n${frames}` };
}

/** What user code threw, its frames at the places of the sources. */
export function faultOf(error: unknown, stacks: StackMapper): Fault {
	return located(thrownBy(error), stacks);
}

export function failure(fault: Fault, requestId: string): Failure {
	const message = `[Request ID: ${requestId}] Server Error\n${fault.message}`;
	return fault.data === undefined ? { message } : { message, data: fault.data };
}

/** The outcome of a call that did not run to its end. */
export function lost({ requestId }: Pick<FunctionCall, 'requestId'>, message: string): Extract<Outcome, { ok: false }> {
	return { ok: false, failure: failure({ message }, requestId), logLines: [] };
}

/** What the client of an HTTP action that failed is told, as JSON text, and what the logs are. */
export interface HttpFailure {
	readonly failure: Failure;
	readonly body: string;
}

/** `headline`: the message without frames. */
export function httpFailure(headline: string, fault: Fault, requestId: string): HttpFailure {
	const code = `[Request ID: ${requestId}] Server Error: ${headline}`;
	const data: unknown = fault.data === undefined ? undefined : JSON.parse(fault.data);
	return { failure: failure(fault, requestId), body: JSON.stringify({ code, trace: fault.message, data }) };
}

/** Thrown out of a syscall, a ConvexError for the function that made it: `convex/server` looks for data as JSON. */
export class ThrownConvexError extends Error {
	readonly data: unknown;

	constructor(message: string, data: unknown) {
		super(message);
		this.data = data;
	}
}

/** What the caller of a nested function gets to catch. */
export function nestedError({ message, data }: Fault): Error {
	return data === undefined ? new Error(message) : new ThrownConvexError(message, JSON.parse(data));
}
