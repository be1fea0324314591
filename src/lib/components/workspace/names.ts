/** Longest name of a workspace (letters). */
export const LONGEST_NAME = 60;
const RANDOM_BYTES = 6;

/** A slug that nobody has yet: Better Auth wants one, and pages show it nowhere. */
export function freshSlug(name: string): string {
	const words = name
		.normalize('NFKD')
		.toLowerCase()
		.replaceAll(/[^a-z0-9]+/g, '-')
		.replaceAll(/^-|-$/g, '')
		.slice(0, 40);
	const random = Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)), (byte) =>
		byte.toString(16).padStart(2, '0')
	).join('');
	return words === '' ? random : `${words}-${random}`;
}
