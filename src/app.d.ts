declare global {
	namespace App {
		interface Locals {
			/** The token of whoever is signed in, for the deployment; null for nobody. `fresh`: not one that is kept. */
			convexToken(fresh?: boolean): Promise<string | null>;
			/** Cookies that Better Auth has set while the request is answered: the answer carries them. */
			authCookies: string[];
		}
		interface Error {
			message: string;
			/** What to do about it: one sentence. */
			hint?: string;
			/** A command that helps, ready to copy. */
			command?: string;
		}
	}
}

export {};
