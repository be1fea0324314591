/** Going to an OAuth provider's page, from which the browser comes back with access. */
import type { OAuthProviderId } from '../../config/oauth.ts';

/** Leaves the page, or gives the sentence that says why it stays. */
export async function goToProvider(
	provider: OAuthProviderId,
	wish: { readonly integrationId: string; readonly connectionId?: string }
): Promise<string | null> {
	const sent = await fetch(`/oauth/${provider}/start`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(wish)
	}).then(
		(response): Promise<unknown> => response.json(),
		() => null
	);
	const [url, error] = [textIn(sent, 'url'), textIn(sent, 'error')];
	if (error !== null) return error;
	if (url === null || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
		return 'The sign-in could not be started. Check that Plumbline still runs, then try again.';
	}
	location.assign(url);
	return null;
}

/** A text that the answer has under this name. By hand: zod asks at its start for what the policy of pages forbids. */
function textIn(answer: unknown, name: string): string | null {
	const value: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null;
	return typeof value === 'string' ? value : null;
}
