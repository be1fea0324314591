/** The key that may do everything: `Authorization: Convex <key>`, optionally acting as a user. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Identity } from '../engine/types.ts';
import { AuthenticationFailure } from './failure.ts';

/** Visible ASCII without the colon, which separates the key from an identity to act as. */
const VALID_KEY = /^[\x21-\x39\x3b-\x7e]{16,}$/;

/** Name of the deployment, and the beginning of the keys it makes. */
export const INSTANCE_NAME = 'plumbline-embedded';

const attributes = z.record(z.string(), z.unknown());

export class AdminKey {
	readonly #digest: Buffer;

	constructor(key: string) {
		this.#digest = digest(key);
	}

	/** Compares in constant time. */
	matches(candidate: string): boolean {
		return timingSafeEqual(this.#digest, digest(candidate));
	}

	/** Throws unless `candidate` is the key. */
	check(candidate: string): void {
		if (this.matches(candidate)) return;
		throw new AuthenticationFailure('The provided admin key is not the admin key of this deployment.', 'BadAdminKey');
	}

	/** Reads what follows `Convex ` in an Authorization header: `<key>` or `<key>:<base64 of the identity's JSON>`. */
	identify(credentials: string): Identity {
		const colon = credentials.indexOf(':');
		if (colon < 0) {
			this.check(credentials);
			return { kind: 'admin' };
		}
		this.check(credentials.slice(0, colon));
		return actingAs(parseAttributes(Buffer.from(credentials.slice(colon + 1), 'base64').toString()));
	}

	/** As `identify`, for the sync protocol. */
	impersonate(key: string, impersonating: Readonly<Record<string, unknown>> | null | undefined): Identity {
		this.check(key);
		return impersonating ? actingAs(impersonating) : { kind: 'admin' };
	}
}

function actingAs(who: Readonly<Record<string, unknown>>): Identity {
	return { kind: 'admin', actingAs: JSON.stringify(who) };
}

function parseAttributes(text: string): Record<string, unknown> {
	try {
		return attributes.parse(JSON.parse(text));
	} catch {
		throw new AuthenticationFailure('The identity to act as is not base64 of a JSON object.', 'BadActingIdentity');
	}
}

function digest(text: string): Buffer {
	return hash('sha256', text, 'buffer');
}

/** The given key, or the one of the data folder, which is made at the first start and readable by its owner only. */
export function loadAdminKey(dataDir: string, given?: string): string {
	const file = path.join(dataDir, 'admin.key');
	const key = given ?? stored(file) ?? create(file);
	if (VALID_KEY.test(key)) return key;
	const which = given === undefined ? `in ${file} ` : '';
	throw new Error(`The admin key ${which}must be at least 16 visible ASCII characters, without spaces and colons.`);
}

function stored(file: string): string | null {
	try {
		return readFileSync(file, 'utf8').trim();
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		throw error;
	}
}

function create(file: string): string {
	const key = `${INSTANCE_NAME}|${randomBytes(32).toString('hex')}`;
	writeFileSync(`${file}.new`, key, { mode: 0o600, flush: true });
	renameSync(`${file}.new`, file);
	return key;
}
