'use node';
/**
 * Credentials at rest: AES-256-GCM. The key ring is the deployment's environment variable PLUMBLINE_SECRET_KEYS,
 * `<id>:<32 bytes in base64>` separated by commas: the first key encrypts, all of them decrypt, so a new key is put in
 * front of the old one. A connection's id is bound to what is sealed for it, so it opens for no other connection.
 *
 * A first key, for `convex env set PLUMBLINE_SECRET_KEYS <value>`:
 *   node -p "'k1:' + require('node:crypto').randomBytes(32).toString('base64')"
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { IntegrationError } from './errors.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealed {
	readonly keyId: string;
	/** base64 of nonce, tag and ciphertext. */
	readonly sealed: string;
}

/** Key id -> key, the encrypting one first. */
export type KeyRing = ReadonlyMap<string, Buffer>;

/** A key in the form of PLUMBLINE_SECRET_KEYS. */
export function generateKey(id: string): string {
	return `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/** Reads PLUMBLINE_SECRET_KEYS. Throws `config` when it is absent or not of its form; the message never quotes it. */
export function readKeyRing(text: string | undefined): KeyRing {
	if (!text?.trim()) throw new IntegrationError('config', missingKey);
	const ring = new Map<string, Buffer>();
	for (const entry of text.split(',')) {
		const [, id, encoded] = /^\s*([\w-]{1,32}):([A-Za-z0-9+/]{43}=)\s*$/.exec(entry) ?? [];
		if (id === undefined || encoded === undefined || ring.has(id)) throw new IntegrationError('config', malformedKey);
		ring.set(id, Buffer.from(encoded, 'base64'));
	}
	return ring;
}

/** Encrypts a text for one connection under the ring's first key. */
export function seal(ring: KeyRing, connectionId: string, text: string): Sealed {
	const [first] = ring;
	if (!first) throw new IntegrationError('config', missingKey);
	const [keyId, key] = first;
	const nonce = randomBytes(NONCE_BYTES);
	const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
	cipher.setAAD(Buffer.from(connectionId));
	const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
	return { keyId, sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64') };
}

/** The reverse of `seal`. Throws `config` for an unknown key, another connection, or a changed text. */
export function unseal(ring: KeyRing, connectionId: string, { keyId, sealed }: Sealed): string {
	const key = ring.get(keyId);
	if (!key) throw new IntegrationError('config', `${lostKey} It was sealed with the key "${keyId}".`);
	const bytes = Buffer.from(sealed, 'base64');
	try {
		const nonce = bytes.subarray(0, NONCE_BYTES);
		const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
		decipher.setAAD(Buffer.from(connectionId));
		decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
		return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
	} catch (error) {
		throw new IntegrationError('config', lostKey, {}, error);
	}
}

const missingKey =
	'The deployment has no encryption key, so credentials cannot be kept. Set PLUMBLINE_SECRET_KEYS in its environment.';
const malformedKey =
	'PLUMBLINE_SECRET_KEYS is malformed. It is a list of name:key separated by commas; each key is 32 bytes in base64.';
const lostKey =
	'The stored credentials cannot be decrypted with the keys in PLUMBLINE_SECRET_KEYS. Put the earlier key back, or enter the credentials again.';
