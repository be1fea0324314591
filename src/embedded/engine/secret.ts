import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** Seals what leaves the deployment and must come back unchanged: cursors and upload tokens. */
export class Signer {
	readonly #cipherKey: Buffer;
	readonly #nonceKey: Buffer;

	constructor(key: Buffer) {
		const derive = (use: string): Buffer => createHmac('sha256', key).update(use).digest();
		this.#cipherKey = derive('seal');
		this.#nonceKey = derive('nonce');
	}

	/** The deployment's own key, made on first use and readable by its owner only. */
	static open(dataDir: string): Signer {
		const path = join(dataDir, 'signing.key');
		if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' });
		return new Signer(readFileSync(path));
	}

	/**
	 * A token that shows nothing of the payload, safe in URLs: AES-256-GCM. Equal payloads give equal tokens, so that an answer
	 * with a cursor in it is equal when nothing changed; the nonce is therefore a MAC of the payload (as in SIV modes).
	 * `purpose` keeps one kind of token from passing for another.
	 */
	seal(purpose: string, payload: string): string {
		const nonce = this.#nonce(purpose, payload);
		const cipher = createCipheriv('aes-256-gcm', this.#cipherKey, nonce).setAAD(Buffer.from(purpose));
		const body = Buffer.concat([cipher.update(payload), cipher.final()]);
		return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
	}

	/** The payload of a token that this deployment sealed for this purpose, or null. */
	open(purpose: string, token: string): string | null {
		const bytes = Buffer.from(token, 'base64url');
		if (bytes.length < NONCE_LENGTH + TAG_LENGTH || bytes.toString('base64url') !== token) return null;
		const decipher = createDecipheriv('aes-256-gcm', this.#cipherKey, bytes.subarray(0, NONCE_LENGTH))
			.setAAD(Buffer.from(purpose))
			.setAuthTag(bytes.subarray(NONCE_LENGTH, NONCE_LENGTH + TAG_LENGTH));
		try {
			const body = decipher.update(bytes.subarray(NONCE_LENGTH + TAG_LENGTH));
			return Buffer.concat([body, decipher.final()]).toString();
		} catch {
			return null;
		}
	}

	#nonce(purpose: string, payload: string): Buffer {
		return createHmac('sha256', this.#nonceKey).update(`${purpose}\n${payload}`).digest().subarray(0, NONCE_LENGTH);
	}
}
