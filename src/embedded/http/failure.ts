/** A request that is answered with an error: its status, and the `{code, message}` that Convex clients and the CLI read. */
export class RequestFailure extends Error {
	override readonly name = 'RequestFailure';
	readonly status: number;
	readonly code: string;

	constructor(status: number, code: string, message: string) {
		super(message);
		this.status = status;
		this.code = code;
	}
}
