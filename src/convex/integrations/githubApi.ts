/** GitHub's REST API as the readers use it: versioned requests, parsed bodies, paging links, refusals as errors. */
import type { z } from 'zod';
import { IntegrationError } from '../lib/errors.ts';
import type { HttpClient, HttpResponse } from '../lib/http.ts';
import type { IntegrationContext } from '../lib/contract.ts';
import { isRefusal } from './steps.ts';

/** Version of the API whose shapes are parsed here; without it GitHub decides. */
const API_VERSION = '2022-11-28';
const ORIGIN = 'https://api.github.com';

/** What the token needs, in GitHub's words: fine-grained permission, then the classic scope. */
export const GITHUB_PERMISSIONS = {
	metadata: 'Metadata: read',
	issues: 'Issues: read',
	pulls: 'Pull requests: read',
	contents: 'Contents: read',
	traffic: 'Administration: read'
} as const;

export interface GithubPage<Body> {
	readonly body: Body;
	readonly headers: Headers;
	/** Address of the next page, null on the last one. */
	readonly next: string | null;
	/** Number of the last page, when GitHub counts pages. */
	readonly lastPage: number | null;
}

export type Query = Readonly<Record<string, string | number>>;

/** Reads one token's view of GitHub. Every failure is an IntegrationError. */
export class GithubApi {
	readonly #token: string;
	readonly #http: HttpClient;
	readonly #base: string;

	constructor(token: string, context: IntegrationContext) {
		this.#token = token;
		this.#http = context.http;
		this.#base = (context.baseUrl ?? ORIGIN).replace(/\/+$/, '');
	}

	/** Address of a path, for the first page of a list. */
	address(path: string, query: Query = {}): string {
		const search = new URLSearchParams();
		for (const [key, value] of Object.entries(query)) search.append(key, String(value));
		return `${this.#base}${path}${search.size === 0 ? '' : `?${search}`}`;
	}

	/**
	 * GET one address and parse its body.
	 * Throws `permission` or `not_found` when GitHub refuses this resource, `bad_response` when the body is not what the
	 * schema reads, and what the client throws (`auth`, `rate_limited`, …). `subject` completes "GitHub refused …".
	 */
	async get<Schema extends z.ZodType>(
		address: string,
		schema: Schema,
		subject: string
	): Promise<GithubPage<z.infer<Schema>>> {
		const response = await this.#request(address, subject);
		const parsed = schema.safeParse(response.json());
		if (!parsed.success) {
			const where = parsed.error.issues[0]?.path.join('.') || 'the body';
			throw new IntegrationError('bad_response', `GitHub's answer for ${subject} is not readable at ${where}.`);
		}
		const links = parseLinks(response.headers.get('link') ?? '');
		return {
			body: parsed.data,
			headers: response.headers,
			next: links.next === undefined ? null : this.#ownAddress(links.next),
			lastPage: links.last === undefined ? null : Number(new URL(links.last).searchParams.get('page')) || null
		};
	}

	async #request(address: string, subject: string): Promise<HttpResponse> {
		try {
			return await this.#http.request({
				url: address,
				headers: {
					accept: 'application/vnd.github+json',
					authorization: `Bearer ${this.#token}`,
					'x-github-api-version': API_VERSION
				}
			});
		} catch (error) {
			throw isRefusal(error) ? refusal(error, subject) : error;
		}
	}

	/** The path and query of a link, on our own base: a link never sends the token to another host. */
	#ownAddress(link: string): string {
		const { pathname, search } = new URL(link, this.#base);
		return new URL(this.#base).origin + pathname + search;
	}
}

/** Reads a `Link` header: `<address>; rel="next", …`. */
function parseLinks(header: string): { next?: string; last?: string } {
	const links: { next?: string; last?: string } = {};
	for (const [, address, relation] of header.matchAll(/<([^>]+)>\s*;[^,]*?rel="?(next|last)"?/g)) {
		if (relation === 'next') links.next = address;
		if (relation === 'last') links.last = address;
	}
	return links;
}

/** The refusal of one resource, said so that a person knows which one and what to do. */
function refusal({ kind, details }: IntegrationError, subject: string): IntegrationError {
	if (kind === 'permission') {
		return new IntegrationError(kind, `GitHub refused ${subject}: the token lacks a permission.`, details);
	}
	const message =
		details.status === 410
			? `GitHub did not give ${subject}: the feature is turned off there.`
			: `GitHub did not give ${subject}: it does not exist, was renamed, or the token may not see it ` +
				`(GitHub answers the same for all three).`;
	return new IntegrationError(kind, message, details);
}
