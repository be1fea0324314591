declare global {
	namespace App {
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
