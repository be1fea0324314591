/**
 * What people do through Better Auth, for the audit log: one table from its endpoints to deeds. It comes last among the
 * plugins, so that it sees whether the others have let somebody in. A deed that could not be written down is logged and
 * does not undo the deed: Better Auth has committed it by then.
 */
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import { z } from 'zod';
import type { AuditAction } from '../../lib/config/audit.ts';

export interface AccountDeed {
	readonly action: AuditAction;
	readonly userId: string;
	/** Where it concerns one workspace. */
	readonly workspaceId?: string;
	readonly target?: { readonly kind: string; readonly id: string | null; readonly name: string };
	readonly detail?: Readonly<Record<string, string>>;
	readonly ip: string | null;
	readonly userAgent: string | null;
}
export type RecordDeed = (deed: AccountDeed) => Promise<void>;

type Deed = Omit<AccountDeed, 'userId' | 'ip' | 'userAgent'>;

/** Paths that let somebody in, once they have given a session. */
const SIGN_IN =
	/^\/(?:sign-in\/|sign-up\/|callback\/|oauth2\/callback\/|passkey\/verify-authentication|two-factor\/verify-)/;

const text = z.string().catch('');
const organizationSchema = z.looseObject({ id: text, name: text });
const invitation = z.looseObject({ id: text, email: text, role: text, organizationId: text });
const member = z.looseObject({ id: text, userId: text, role: text, organizationId: text });
const withInvitation = z.looseObject({ invitation });
const body = z.looseObject({ email: text, name: text, memberIdOrEmail: text, organizationId: text, role: text });

const plain = (action: AuditAction) => (): Deed => ({ action });
const invited = (action: AuditAction, answer: unknown): Deed | null => {
	const nested = withInvitation.safeParse(answer);
	const flat = invitation.safeParse(nested.success ? nested.data.invitation : answer);
	if (!flat.success) return null;
	const { id, email, role, organizationId: workspaceId } = flat.data;
	return { action, workspaceId, target: { kind: 'invitation', id, name: email }, detail: { role } };
};
const aboutMember = (action: AuditAction, answer: unknown, name: string): Deed | null => {
	const found = member.safeParse(z.looseObject({ member }).safeParse(answer).data?.member ?? answer);
	if (!found.success) return null;
	const { userId, role, organizationId: workspaceId } = found.data;
	return { action, workspaceId, target: { kind: 'member', id: userId, name }, detail: { role } };
};
const aboutWorkspace = (action: AuditAction, answer: unknown): Deed | null => {
	const found = organizationSchema.safeParse(answer);
	if (!found.success) return null;
	const { id, name } = found.data;
	return { action, workspaceId: id, target: { kind: 'workspace', id, name } };
};

/** What a successful call of an endpoint is, by its path. */
const DEEDS: Readonly<Record<string, (answer: unknown, given: z.infer<typeof body>) => Deed | null>> = {
	'/change-password': plain('password.changed'),
	'/set-password': plain('password.changed'),
	'/change-email': plain('email.changed'),
	'/two-factor/disable': plain('twoFactor.off'),
	'/passkey/verify-registration': plain('passkey.added'),
	'/passkey/delete-passkey': plain('passkey.removed'),
	'/unlink-account': plain('provider.unlinked'),
	'/organization/create': (answer) => aboutWorkspace('workspace.made', answer),
	'/organization/update': (answer) => aboutWorkspace('workspace.renamed', answer),
	'/organization/invite-member': (answer) => invited('invitation.made', answer),
	'/organization/accept-invitation': (answer) => invited('invitation.accepted', answer),
	'/organization/reject-invitation': (answer) => invited('invitation.declined', answer),
	'/organization/cancel-invitation': (answer) => invited('invitation.revoked', answer),
	'/organization/remove-member': (answer, { memberIdOrEmail }) =>
		aboutMember('member.removed', answer, memberIdOrEmail),
	'/organization/update-member-role': (answer) => aboutMember('member.roleChanged', answer, ''),
	'/organization/leave': (answer) => aboutMember('member.left', answer, '')
};

interface Headed {
	readonly headers?: Headers;
}

function fromWhere({ headers }: Headed): Pick<AccountDeed, 'ip' | 'userAgent'> {
	return { ip: headers?.get('x-plumbline-client') ?? null, userAgent: headers?.get('user-agent') ?? null };
}

/** The plugin. `record` writes one deed. */
export function auditPlugin(record: RecordDeed) {
	const write = async (deed: AccountDeed): Promise<void> => {
		try {
			await record(deed);
		} catch (error) {
			console.error(`"${deed.action}" could not be written into the audit log:`, error);
		}
	};

	return {
		id: 'plumbline-audit',
		init: () => ({
			options: {
				databaseHooks: {
					user: {
						update: {
							after: async (user, ctx) => {
								if (!ctx) return;
								const userId = String(user.id);
								if (ctx.path === '/verify-email' && user.emailVerified) {
									await write({ action: 'email.verified', userId, ...fromWhere(ctx) });
								}
								if (
									/^\/two-factor\/(?:verify-totp|enable)$/.test(ctx.path ?? '') &&
									user['twoFactorEnabled'] === true
								) {
									await write({ action: 'twoFactor.on', userId, ...fromWhere(ctx) });
								}
							}
						}
					},
					account: {
						create: {
							after: async ({ providerId, userId }, ctx) => {
								if (providerId === 'credential' || !ctx) return;
								const target = { kind: 'provider', id: providerId, name: providerId };
								await write({ action: 'provider.linked', userId, target, ...fromWhere(ctx) });
							}
						},
						update: {
							after: async ({ userId }, ctx) => {
								if (ctx?.path !== '/reset-password') return;
								await write({ action: 'password.reset', userId, ...fromWhere(ctx) });
							}
						}
					}
				}
			}
		}),
		hooks: {
			before: [
				{
					matcher: ({ path }) => path === '/sign-out',
					handler: createAuthMiddleware(async (ctx) => {
						const session = await getSessionFromCtx(ctx);
						if (session) await write({ action: 'signIn.ended', userId: session.user.id, ...fromWhere(ctx) });
					})
				}
			],
			after: [
				{
					matcher: () => true,
					handler: createAuthMiddleware(async (ctx) => {
						const { path } = ctx;
						const { returned, newSession } = ctx.context;
						const given = body.safeParse(ctx.body ?? {});
						const typed = given.success ? given.data : body.parse({});
						const byEmail = async (action: AuditAction) => {
							const found = typed.email
								? await ctx.context.internalAdapter.findUserByEmail(typed.email.toLowerCase())
								: null;
							if (found) await write({ action, userId: found.user.id, ...fromWhere(ctx) });
						};
						if (path === '/request-password-reset') return await byEmail('password.resetAsked');
						if (isAPIError(returned) && (path === '/sign-in/email' || newSession === null)) {
							// An answer that redirects is an error to Better Auth, too.
							if (path === '/sign-in/email') return await byEmail('signIn.failed');
							return;
						}
						if (SIGN_IN.test(path) && newSession) {
							return await write({ action: 'signIn.succeeded', userId: newSession.user.id, ...fromWhere(ctx) });
						}
						const deed = DEEDS[path]?.(returned, typed);
						if (!deed || isAPIError(returned)) return;
						const session = newSession ?? (await getSessionFromCtx(ctx));
						if (session) await write({ ...deed, userId: session.user.id, ...fromWhere(ctx) });
					})
				}
			]
		}
	} satisfies BetterAuthPlugin;
}
