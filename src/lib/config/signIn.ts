/** What pages and functions must agree on about signing in. */
export const PASSWORD_LENGTH = { min: 10, max: 128 } as const;
export const LONGEST_NAME = 100;
