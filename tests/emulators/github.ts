/** Fills the GitHub emulator through its own API, as a person using GitHub would. */
import { z } from 'zod';
import { GITHUB_TOKEN } from './start.ts';

const numbered = z.object({ number: z.number() });

export class GithubFiller {
	readonly #url: string;

	constructor(url: string) {
		this.#url = url;
	}

	/** Creates `octocat/<name>` with one commit on `main`. */
	async createRepository(name: string): Promise<string> {
		await this.#call('POST', '/user/repos', { name, auto_init: true });
		return `octocat/${name}`;
	}

	/** Returns the issue's number. */
	async openIssue(repository: string, title: string): Promise<number> {
		return numbered.parse(await this.#call('POST', `/repos/${repository}/issues`, { title })).number;
	}

	async closeIssue(repository: string, number: number): Promise<void> {
		await this.#call('PATCH', `/repos/${repository}/issues/${number}`, { state: 'closed' });
	}

	/** Opens a pull request from a new branch; returns its number. */
	async openPull(repository: string, branch: string): Promise<number> {
		const body = { title: branch, head: branch, base: 'main' };
		return numbered.parse(await this.#call('POST', `/repos/${repository}/pulls`, body)).number;
	}

	async mergePull(repository: string, number: number): Promise<void> {
		await this.#call('PUT', `/repos/${repository}/pulls/${number}/merge`, {});
	}

	async publishRelease(repository: string, tag: string, draft = false): Promise<void> {
		await this.#call('POST', `/repos/${repository}/releases`, { tag_name: tag, draft });
	}

	async #call(method: string, path: string, body: object): Promise<unknown> {
		const response = await fetch(this.#url + path, {
			method,
			headers: { authorization: `Bearer ${GITHUB_TOKEN}`, 'content-type': 'application/json' },
			body: JSON.stringify(body)
		});
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
		return response.json();
	}
}
