import { authClient } from '../../auth/client.ts';
import { granted } from '../../auth/failure.ts';
import type { InvitationDays } from '../../config/invitation.ts';
import type { Role } from '../../config/permissions.ts';

interface Wanted {
	readonly organizationId: string;
	readonly email: string;
	readonly role: Role;
	/** How long it can be accepted, from now. */
	readonly days: InvitationDays;
	/** Renews the open invitation of that address, if there is one, instead of making another in its place. */
	readonly resend?: boolean;
}

/** Invites somebody to a workspace; gives the invitation's id. Throws an `AuthFailure` when it is refused. */
export async function invite({ days, ...wanted }: Wanted): Promise<string> {
	return granted(await authClient.organization.inviteMember(wanted, { query: { days } })).id;
}
