/** How long tests wait for what comes by itself (milliseconds): on a busy machine it comes late. */
export const PATIENT = { timeout: 25_000, interval: 50 };
