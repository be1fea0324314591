/** One readable log for several processes: every line carries the name of who says it. */
import { styleText } from 'node:util';

const COLOURS = { plumbline: 'cyan', convex: 'magenta', web: 'green' } as const;
export type Speaker = keyof typeof COLOURS;

const WIDTH = Math.max(...Object.keys(COLOURS).map((name) => name.length));

/** Writes whole lines, each prefixed; empty ones are dropped. */
export function say(speaker: Speaker, text: string): void {
	const prefix = styleText(COLOURS[speaker], speaker.padEnd(WIDTH), { stream: process.stdout });
	for (const line of text.split(/\r?\n|\r/)) {
		if (line.trim() !== '') process.stdout.write(`${prefix} │ ${line}\n`);
	}
}

/** Splits a byte stream into lines and hands each on. */
export function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
	let rest = '';
	return (chunk) => {
		const parts = (rest + chunk.toString('utf8')).split(/\r?\n|\r/);
		rest = parts.pop() ?? '';
		parts.forEach(onLine);
	};
}
