/** Somebody could not show who they are. `code` and the sentence go to the client. */
export class AuthenticationFailure extends Error {
	override readonly name = 'AuthenticationFailure';
	readonly code: string;

	constructor(message: string, code = 'Unauthenticated') {
		super(message);
		this.code = code;
	}
}
