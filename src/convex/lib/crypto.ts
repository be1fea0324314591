'use node';
/**
 * Credentials at rest: AES-256-GCM. The key ring is the deployment's environment variable PLUMBLINE_SECRET_KEYS (see
 * keyRing.ts): a new key is put in front of the old one, and `npm run rotate-keys` seals everything anew and takes the
 * old one out. A connection's id is bound to what is sealed for it, so it opens for no other connection.
 *
 * A first key, for `convex env set PLUMBLINE_SECRET_KEYS <value>`:
 *   node -p "'k1:' + require('node:crypto').randomBytes(32).toString('base64')"
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { IntegrationError } from './errors.ts';
import { keyEntries } from './keyRing.ts';

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

/** What is sealed cannot be opened: its key is lost or another one, or the ring is. Says which key it was. */
export class UnsealError extends IntegrationError {
	constructor(message: string, cause?: unknown) {
		super('config', message, {}, cause);
	}
}

/** A key in the form of PLUMBLINE_SECRET_KEYS. */
export function generateKey(id: string): string {
	return `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/** A key with an id that no other has: the day, and some letters. */
export function freshKey(now = Date.now()): string {
	const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
	return generateKey(`k${day}-${randomBytes(3).toString('hex')}`);
}

/** Reads PLUMBLINE_SECRET_KEYS. Throws `config` when it is absent or not of its form; the message never quotes it. */
export function readKeyRing(text: string | undefined): KeyRing {
	const entries = keyEntries(text);
	if (!entries) throw new UnsealError(malformedKey);
	if (entries.length === 0) throw new UnsealError(missingKey);
	return new Map(entries.map(({ id, key }) => [id, Buffer.from(key, 'base64')]));
}

/** Encrypts a text for one connection under the ring's first key. */
export function seal(ring: KeyRing, connectionId: string, text: string): Sealed {
	const [first] = ring;
	if (!first) throw new UnsealError(missingKey);
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
	if (!key) throw new UnsealError(lostKey(keyId));
	const bytes = Buffer.from(sealed, 'base64');
	try {
		const nonce = bytes.subarray(0, NONCE_BYTES);
		const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
		decipher.setAAD(Buffer.from(connectionId));
		decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
		return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
	} catch (error) {
		throw new UnsealError(lostKey(keyId), error);
	}
}

const missingKey =
	'The deployment has no encryption key, so credentials cannot be kept or read. Put PLUMBLINE_SECRET_KEYS back into its environment.';
const malformedKey =
	'PLUMBLINE_SECRET_KEYS is malformed. It is a list of name:key separated by commas; each key is 32 bytes in base64.';

function lostKey(keyId: string): string {
	return `The stored credentials cannot be decrypted: they were sealed with the key "${keyId}", which is not in PLUMBLINE_SECRET_KEYS or is another one there. Put that key back, or enter the credentials again.`;
}
