/** The token that a page shows to the deployment when its socket opens. */

/** Null when nobody is signed in. `forceRefreshToken`: the deployment did not take the last one. */
export async function fetchAccessToken({ forceRefreshToken }: { forceRefreshToken: boolean }): Promise<string | null> {
	const response = await fetch(forceRefreshToken ? '/api/token?fresh' : '/api/token', { cache: 'no-store' });
	if (response.status === 204) return null;
	if (!response.ok) throw new Error(`The token could not be fetched (${response.status}).`);
	return await response.text();
}
