/** How the caller can sign in. Adding and removing ways are Better Auth's endpoints. */
import { v } from 'convex/values';
import { providersOf, readAuthSettings } from './auth/settings.ts';
import { accountRead } from './lib/access.ts';

/** Nobody has more; a list that is longer is cut. */
const MOST = 50;
/** Better Auth's name for the account that is a password. */
const PASSWORD_PROVIDER = 'credential';

/** Live: whether there is a password, the accounts of other services, and the passkeys, oldest first. */
export const mine = accountRead({
	args: {},
	returns: v.union(
		v.object({
			password: v.boolean(),
			services: v.array(v.object({ id: v.id('accounts'), providerId: v.string(), linkedAt: v.number() })),
			passkeys: v.array(
				v.object({
					id: v.id('passkeys'),
					name: v.string(),
					/** Kept by an account of the device's maker, so that it is on other devices too. */
					synced: v.boolean(),
					createdAt: v.union(v.number(), v.null())
				})
			)
		}),
		v.null()
	),
	absent: null,
	handler: async (ctx) => {
		const { userId } = ctx.person;
		const accounts = await ctx.db
			.query('accounts')
			.withIndex('by_userId', (q) => q.eq('userId', userId))
			.take(MOST);
		const passkeys = await ctx.db
			.query('passkeys')
			.withIndex('by_userId', (q) => q.eq('userId', userId))
			.take(MOST);
		return {
			password: accounts.some((one) => one.providerId === PASSWORD_PROVIDER && one.password !== undefined),
			services: accounts
				.filter((one) => one.providerId !== PASSWORD_PROVIDER)
				.map(({ _id: id, providerId, createdAt: linkedAt }) => ({ id, providerId, linkedAt })),
			passkeys: passkeys.map(({ _id: id, name = '', backedUp: synced, createdAt = null }) => {
				return { id, name: name || 'Passkey', synced, createdAt };
			})
		};
	}
});

/** What the operator has set up: services to sign in with, and whether letters are sent or printed to the log. */
export const offered = accountRead({
	args: {},
	returns: v.object({ services: v.array(v.object({ id: v.string(), name: v.string() })), mail: v.boolean() }),
	absent: { services: [], mail: false },
	handler: async () => {
		const settings = readAuthSettings(process.env);
		return { services: providersOf(settings), mail: settings.mail !== null };
	}
});
