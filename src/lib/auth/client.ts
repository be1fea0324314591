/** Better Auth as pages call it, on their own origin. What is shown comes from live queries instead. */
import { passkeyClient } from '@better-auth/passkey/client';
import { organizationClient, twoFactorClient } from 'better-auth/client/plugins';
import { createAuthClient } from 'better-auth/svelte';
import { ac, roles } from '../config/organizationRoles.ts';

export const authClient = createAuthClient({
	plugins: [organizationClient({ ac, roles }), twoFactorClient(), passkeyClient()]
});
