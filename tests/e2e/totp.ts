/** Codes of an authenticator app (RFC 6238 with SHA-1, six digits, 30 seconds), for tests that hold the secret. */
import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** The code for a base32 secret, as shown for typing (spaces do not count), at a moment in ms since 1970. */
export function totpAt(secret: string, at: number): string {
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
	const digest = createHmac('sha1', base32(secret)).update(counter).digest();
	const offset = (digest.at(-1) ?? 0) & 0xf;
	const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
	return String(number % 1_000_000).padStart(6, '0');
}

function base32(text: string): Buffer {
	const bits = [...text.replaceAll(/[\s=]/g, '').toUpperCase()]
		.map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0'))
		.join('');
	const bytes = bits.match(/.{8}/g) ?? [];
	return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
