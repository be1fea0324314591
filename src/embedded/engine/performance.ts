/** The clock of a sandbox (milliseconds). */
export interface SandboxClock {
	/** Since 1970. */
	readonly timeOrigin: number;
	/** Since the time origin. */
	performanceNow(): number;
}

interface EntryFields {
	readonly name: string;
	readonly entryType: 'mark' | 'measure';
	readonly startTime: number;
	readonly duration: number;
}

interface Span {
	readonly start?: string | number;
	readonly end?: string | number;
	readonly duration?: number;
	readonly detail?: unknown;
}

/** Tells constructions by these classes from those by user code. */
const OWN = Symbol('own');

/**
 * `performance` and its classes for one sandbox. Node's own would show the real clock to queries, and keep the marks of
 * all functions in one list.
 */
export function createPerformance(clock: SandboxClock) {
	class PerformanceEntry {
		readonly #fields: EntryFields;

		constructor(key?: unknown, fields?: EntryFields) {
			if (key !== OWN || fields === undefined) throw new TypeError('Illegal constructor');
			this.#fields = fields;
		}

		get name(): string {
			return this.#fields.name;
		}
		get entryType(): string {
			return this.#fields.entryType;
		}
		get startTime(): number {
			return this.#fields.startTime;
		}
		get duration(): number {
			return this.#fields.duration;
		}
		toJSON(): object {
			return { ...this.#fields };
		}
	}

	class PerformanceMark extends PerformanceEntry {
		readonly detail: unknown;

		constructor(name: string, { startTime = clock.performanceNow(), detail = null }: MarkOptions = {}) {
			super(OWN, { name, entryType: 'mark', startTime, duration: 0 });
			if (startTime < 0) throw new TypeError('The start time of a mark must not be negative.');
			this.detail = structuredClone(detail);
		}
	}

	class PerformanceMeasure extends PerformanceEntry {
		readonly detail: unknown;

		constructor(key?: unknown, fields?: EntryFields, detail: unknown = null) {
			super(key, fields);
			this.detail = structuredClone(detail);
		}
	}

	class Performance extends EventTarget {
		#entries: PerformanceEntry[] = [];

		constructor(key?: unknown) {
			if (key !== OWN) throw new TypeError('Illegal constructor');
			super();
		}

		get timeOrigin(): number {
			return clock.timeOrigin;
		}
		now(): number {
			return clock.performanceNow();
		}
		toJSON(): object {
			return { timeOrigin: clock.timeOrigin };
		}

		mark(name: string, options?: MarkOptions): PerformanceMark {
			const mark = new PerformanceMark(name, options);
			this.#entries.push(mark);
			return mark;
		}

		measure(name: string, startOrSpan?: string | Span, endMark?: string): PerformanceMeasure {
			const span: Span = typeof startOrSpan === 'string' ? { start: startOrSpan } : (startOrSpan ?? {});
			const { duration = null, detail } = span;
			const end = endMark ?? span.end ?? null;
			if (span.start !== undefined && duration !== null && end !== null)
				throw new TypeError('A measure takes two of start, end and duration, not all three.');
			const begun = span.start === undefined ? null : this.#time(span.start);
			const ended = end !== null ? this.#time(end) : duration !== null ? (begun ?? 0) + duration : this.now();
			const startTime = begun ?? (duration === null || end === null ? 0 : ended - duration);
			const fields = { name, entryType: 'measure', startTime, duration: ended - startTime } as const;
			const measure = new PerformanceMeasure(OWN, fields, detail);
			this.#entries.push(measure);
			return measure;
		}

		getEntries(): PerformanceEntry[] {
			return [...this.#entries];
		}
		getEntriesByType(type: string): PerformanceEntry[] {
			return this.#entries.filter(({ entryType }) => entryType === type);
		}
		getEntriesByName(name: string, type?: string): PerformanceEntry[] {
			return this.#entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type));
		}
		clearMarks(name?: string): void {
			this.#clear('mark', name);
		}
		clearMeasures(name?: string): void {
			this.#clear('measure', name);
		}

		#clear(type: string, name?: string): void {
			this.#entries = this.#entries.filter(
				(entry) => entry.entryType !== type || (name !== undefined && entry.name !== name)
			);
		}

		#time(mark: string | number): number {
			if (typeof mark === 'number') return mark;
			const found = this.getEntriesByName(mark, 'mark').at(-1);
			if (found === undefined) throw new DOMException(`There is no mark "${mark}".`, 'SyntaxError');
			return found.startTime;
		}
	}

	return {
		Performance,
		PerformanceEntry,
		PerformanceMark,
		PerformanceMeasure,
		performance: new Performance(OWN)
	};
}

interface MarkOptions {
	readonly startTime?: number;
	readonly detail?: unknown;
}
