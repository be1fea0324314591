/** A passkey in software (WebAuthn, ES256, no attestation): makes what a browser sends, for any site. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** The site for which a browser makes an answer, and what that site asked. */
export interface Ceremony {
	readonly challenge: string;
	readonly origin: string;
	readonly rpId: string;
}

const PRESENT_AND_VERIFIED = 0x05;
const WITH_CREDENTIAL = 0x40;

function sha256(data: string | Buffer): Buffer {
	return createHash('sha256').update(data).digest();
}

export class SoftPasskey {
	#keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	#id = randomBytes(16);
	#uses = 0;

	/** The answer to `navigator.credentials.create`. */
	create(ceremony: Ceremony) {
		const data = Buffer.concat([
			this.#head(ceremony, PRESENT_AND_VERIFIED | WITH_CREDENTIAL),
			Buffer.alloc(16),
			Buffer.from([0, this.#id.length]),
			this.#id,
			this.#publicKey()
		]);
		// CBOR: { fmt: 'none', attStmt: {}, authData: data }
		const attestationObject = Buffer.concat([
			Buffer.from([0xa3, 0x63]),
			Buffer.from('fmt'),
			Buffer.from([0x64]),
			Buffer.from('none'),
			Buffer.from([0x67]),
			Buffer.from('attStmt'),
			Buffer.from([0xa0, 0x68]),
			Buffer.from('authData'),
			Buffer.from([0x58, data.length]),
			data
		]);
		return this.#answer({
			clientDataJSON: clientData('webauthn.create', ceremony),
			attestationObject,
			transports: ['internal']
		});
	}

	/** The answer to `navigator.credentials.get`. */
	get(ceremony: Ceremony) {
		this.#uses += 1;
		const clientDataJSON = clientData('webauthn.get', ceremony);
		const authenticatorData = this.#head(ceremony, PRESENT_AND_VERIFIED);
		const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), this.#keys.privateKey);
		return this.#answer({ clientDataJSON, authenticatorData, signature });
	}

	#head({ rpId }: Ceremony, flags: number): Buffer {
		const counter = Buffer.alloc(4);
		counter.writeUInt32BE(this.#uses);
		return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter]);
	}

	/** As COSE: { 1: 2, 3: -7, -1: 1, -2: x, -3: y }. */
	#publicKey(): Buffer {
		const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' });
		return Buffer.concat([
			Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
			Buffer.from(x, 'base64url'),
			Buffer.from([0x22, 0x58, 0x20]),
			Buffer.from(y, 'base64url')
		]);
	}

	#answer(response: Readonly<Record<string, Buffer | string[]>>) {
		const id = this.#id.toString('base64url');
		const encoded = Object.entries(response).map(([name, value]) => {
			return [name, Buffer.isBuffer(value) ? value.toString('base64url') : value] as const;
		});
		return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: Object.fromEntries(encoded) };
	}
}

function clientData(type: string, { challenge, origin }: Ceremony): Buffer {
	return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}
