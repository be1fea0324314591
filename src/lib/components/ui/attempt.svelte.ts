/** Something that a form asks for: whether it is under way, and the sentence of the last refusal, at its field. */
import { AuthFailure, type FailureField } from '../../auth/failure.ts';
import { causeInWords } from '../connect/failure.ts';

export class Attempt {
	pending = $state(false);
	#failure = $state('');
	#field = $state<FailureField | null>(null);
	readonly #fields: readonly FailureField[];

	/** `fields` are those that the form shows; a refusal about any other is the form's own. */
	constructor(...fields: FailureField[]) {
		this.#fields = fields;
	}

	/** What is wrong with the form as a whole; '' when nothing is. */
	get failure(): string {
		return this.#field === null ? this.#failure : '';
	}

	/** What is wrong with that field; '' when nothing is. */
	at(field: FailureField): string {
		return this.#field === field ? this.#failure : '';
	}

	clear(): void {
		this.#failure = '';
		this.#field = null;
	}

	/** Says what is wrong before anything was asked. */
	refuse(field: FailureField, sentence: string): void {
		this.#failure = sentence;
		this.#field = field;
	}

	/** Does the work once at a time. True when it succeeded; a rejection is put into words. */
	async run(work: () => Promise<unknown>): Promise<boolean> {
		if (this.pending) return false;
		this.pending = true;
		this.clear();
		try {
			await work();
			return true;
		} catch (cause) {
			this.#failure = causeInWords(cause);
			const field = cause instanceof AuthFailure ? cause.field : null;
			this.#field = field !== null && this.#fields.includes(field) ? field : null;
			return false;
		} finally {
			this.pending = false;
		}
	}
}
