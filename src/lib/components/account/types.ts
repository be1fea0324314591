import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

/** How the person can sign in. */
export type SignInMethods = NonNullable<FunctionReturnType<typeof api.signInMethods.mine>>;
export type Passkey = SignInMethods['passkeys'][number];
/** A browser in which the person is signed in. */
export type Session = FunctionReturnType<typeof api.sessions.mine>[number];
/** What becomes of a workspace when the account is deleted. */
export type Stake = FunctionReturnType<typeof api.account.stakes>[number];
