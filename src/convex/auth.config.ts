/** Whose tokens the deployment believes: its own, signed by Better Auth in an HTTP action. */
import type { AuthConfig } from 'convex/server';

export default {
	providers: [
		{
			type: 'customJwt',
			applicationID: 'plumbline',
			issuer: `${process.env.CONVEX_SITE_URL}`,
			jwks: `${process.env.CONVEX_SITE_URL}/api/auth/jwks`,
			algorithm: 'ES256'
		}
	]
} satisfies AuthConfig;
