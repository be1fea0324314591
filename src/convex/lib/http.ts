/** The one HTTP client through which every call to a service goes. (Shape agreed; body by the kit.) */

export interface HttpRequest {
	readonly method?: 'GET' | 'POST';
	/** Absolute, or relative to the client's base URL. */
	readonly url: string;
	readonly query?: Readonly<Record<string, string | number | undefined>>;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Statuses besides 2xx that are an answer, not a failure. */
	readonly accept?: readonly number[];
}

export interface HttpResponse {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	/** Parses the body as JSON; throws IntegrationError `bad_response` when it is not. */
	json(): unknown;
}

export interface HttpClient {
	request(request: HttpRequest): Promise<HttpResponse>;
	/** A `fetch` for SDKs that bring their own requests; the same guards apply. */
	readonly fetch: typeof fetch;
	/** Requests sent so far, retries included. */
	readonly calls: number;
}
