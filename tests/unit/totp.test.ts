import { expect, test } from 'vitest';
import { totpAt } from '../e2e/totp.ts';

/** RFC 6238, appendix B, in base32 and cut to six digits. */
const SECRET = 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ';

test.each([
	[59, '287082'],
	[1_111_111_109, '081804'],
	[1_111_111_111, '050471'],
	[1_234_567_890, '005924'],
	[2_000_000_000, '279037'],
	[20_000_000_000, '353130']
])('at %i s', (seconds, code) => {
	expect(totpAt(SECRET, seconds * 1_000)).toBe(code);
});
