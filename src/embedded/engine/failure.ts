import { StoreError } from '../store/errors.ts';
import { DeveloperError } from '../values/errors.ts';
import type { StackMapper } from './stack.ts';
import type { Failure } from './types.ts';

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

/** Reads whatever user code threw. */
export function faultOf(thrown: unknown, stacks: StackMapper): Fault {
	if (thrown instanceof FunctionRefusal || thrown instanceof DeveloperError || thrown instanceof StoreError)
		return { message: thrown.message };
	if (typeof thrown !== 'object' || thrown === null) return { message: `Uncaught ${String(thrown)}` };
	const name = 'name' in thrown ? String(thrown.name) : '';
	const message = 'message' in thrown ? String(thrown.message) : '';
	const frames = 'stack' in thrown && typeof thrown.stack === 'string' ? stacks.frames(thrown.stack) : '';
	const head = `Uncaught ${[name, message].filter((part) => part !== '').join(': ')}`.trimEnd();
	const text = frames === '' ? head : `${head}\n${frames}`;
	const isConvexError = 'ConvexErrorSymbol' in thrown && 'data' in thrown && typeof thrown.data === 'string';
	return isConvexError ? { message: text, data: String(thrown.data) } : { message: text };
}

export function failure(fault: Fault, requestId: string): Failure {
	const message = `[Request ID: ${requestId}] Server Error\n${fault.message}`;
	return fault.data === undefined ? { message } : { message, data: fault.data };
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
