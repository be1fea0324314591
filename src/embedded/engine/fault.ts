/** Whether the data file can be read and written, as far as is known. The operator hears of every change once. */
export class Fault {
	readonly #report: (sentence: string) => void;
	#words: string | null = null;

	constructor(report: (sentence: string) => void) {
		this.#report = report;
	}

	/** Why nothing can be saved, or not even be read, at the moment; null when all is well. */
	get words(): string | null {
		return this.#words;
	}

	set(words: string): void {
		if (words !== this.#words) this.#report(words);
		this.#words = words;
	}

	/** The disk failed, and the file has been opened anew. */
	reopened(): void {
		this.#report('The disk failed while changes were being saved. The data file was opened anew.');
	}

	clear(): void {
		if (this.#words !== null) this.#report('The data file can be written again.');
		this.#words = null;
	}
}
