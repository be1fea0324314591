/** Planted secrets, and everything in which one could turn up. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { readArchive } from '../../src/embedded/snapshots/archive.testing.ts';

/** The forms in which a secret travels. */
function formsOf(secret: string): string[] {
	const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1);
	return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64];
}

export class Canaries {
	readonly #secrets = new Map<string, string>();
	readonly #heard: { where: string; text: string }[] = [];
	#pending: Promise<void>[] = [];

	plant(name: string, secret: string): string {
		if (secret.length < 12) throw new Error(`${name} is too short to be recognised.`);
		this.#secrets.set(name, secret);
		return secret;
	}

	hear(where: string, text: string): void {
		this.#heard.push({ where, text });
	}

	/** Hears everything that a browser is told: answers with their headers, frames, its console, the page's own text. */
	listenTo(page: Page): void {
		page.on('console', (message) => this.hear('console', message.text()));
		page.on('response', (response) => {
			const { pathname } = new URL(response.url());
			this.#pending.push(
				(async () => {
					this.hear(`headers of ${pathname}`, JSON.stringify(await response.allHeaders().catch(() => ({}))));
					const body = await response.body().catch(() => Buffer.of());
					this.hear(`answer of ${pathname}`, body.toString('latin1'));
				})()
			);
		});
		page.on('websocket', (socket) => {
			socket.on('framereceived', ({ payload }) => this.hear('frame to the browser', payload.toString()));
			// What is typed goes to the deployment once, in the action that tests or connects.
			socket.on('framesent', ({ payload }) => {
				const text = payload.toString();
				if (!text.includes('"type":"Action"')) this.hear('frame from the browser', text);
			});
		});
	}

	/** Hears every file below a folder, but those named. */
	hearFolder(folder: string, except: readonly string[] = []): number {
		const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
		for (const { parentPath, name } of files) {
			if (!except.includes(name)) this.hear(join(parentPath, name), readFileSync(join(parentPath, name), 'latin1'));
		}
		return files.length;
	}

	/** Hears every file of a zip file. Gives their names. */
	async hearZip(path: string): Promise<string[]> {
		const entries = await readArchive(path);
		for (const [name, text] of entries) this.hear(`${path}: ${name}`, text);
		return [...entries.keys()];
	}

	/** Where a secret turned up: "name in place". */
	async found(): Promise<string[]> {
		await Promise.all(this.#pending);
		this.#pending = [];
		const places = new Set<string>();
		for (const [name, secret] of this.#secrets) {
			for (const form of formsOf(secret)) {
				for (const { where, text } of this.#heard) if (text.includes(form)) places.add(`${name} in ${where}`);
			}
		}
		return [...places];
	}

	/** How much was heard, so that a test can tell silence from deafness. */
	count(where: string): number {
		return this.#heard.filter((one) => one.where.includes(where) && one.text !== '').length;
	}
}
