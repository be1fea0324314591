import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Signs what leaves the deployment and must come back unchanged: cursors and upload tokens. */
export class Signer {
	readonly #key: Buffer;

	constructor(key: Buffer) {
		this.#key = key;
	}

	/** The deployment's own key, made on first use and readable by its owner only. */
	static open(dataDir: string): Signer {
		const path = join(dataDir, 'signing.key');
		if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' });
		return new Signer(readFileSync(path));
	}

	/** `payload.signature`, safe in URLs. `purpose` keeps one kind of token from passing for another. */
	seal(purpose: string, payload: string): string {
		const body = Buffer.from(payload).toString('base64url');
		return `${body}.${this.#mac(purpose, body)}`;
	}

	/** The payload of a token that this deployment sealed for this purpose, or null. */
	open(purpose: string, token: string): string | null {
		const [body, mac, ...rest] = token.split('.');
		if (body === undefined || mac === undefined || rest.length > 0) return null;
		const expected = Buffer.from(this.#mac(purpose, body));
		const given = Buffer.from(mac);
		if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null;
		return Buffer.from(body, 'base64url').toString();
	}

	#mac(purpose: string, body: string): string {
		return createHmac('sha256', this.#key).update(`${purpose}\n${body}`).digest('base64url').slice(0, 32);
	}
}
