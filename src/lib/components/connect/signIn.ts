/** Going to an OAuth provider's page, from which the browser comes back with access. */
import { z } from 'zod';
import type { OAuthProviderId } from '../../config/oauth.ts';

const answer = z.union([
	z.object({ success: z.literal(true), url: z.url({ protocol: /^https?$/ }) }),
	z.object({ success: z.literal(false), error: z.string() })
]);

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
		(response) => response.json(),
		() => null
	);
	const parsed = answer.safeParse(sent);
	if (!parsed.success) return 'The sign-in could not be started. Check that Plumbline still runs, then try again.';
	if (!parsed.data.success) return parsed.data.error;
	location.assign(parsed.data.url);
	return null;
}
