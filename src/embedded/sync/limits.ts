/** What one socket may ask for. Beyond these it is told why and closed: others must stay served. */

/** Largest frame that is read; Convex's own cap on arguments is 16 MiB. */
export const MAX_FRAME_BYTES = 20 * 1024 * 1024;
export const MAX_CONNECTIONS = 2_048;
export const MAX_QUERIES_PER_CONNECTION = 2_000;
export const MAX_QUEUED_MUTATIONS = 4_096;
export const MAX_RUNNING_ACTIONS = 256;
/** Messages that wait while a token is verified. */
export const MAX_WAITING_MESSAGES = 10_000;

/** Above this much unsent data a socket gets no new transitions: they coalesce into one when it has drained. */
export const SLOW_CONSUMER_BYTES = 1024 * 1024;
/** Above this much, or after this long without draining, a socket is dropped. */
export const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
export const MAX_STALLED_MS = 60_000;

/** Clients reconnect after 60 s of silence. */
export const PING_AFTER_IDLE_MS = 15_000;
/** A peer that answers no WebSocket ping for this long is gone. */
export const DEAD_AFTER_MS = 60_000;
export const HEARTBEAT_MS = 5_000;
/** A socket that has not said Connect by then is closed. */
export const CONNECT_WITHIN_MS = 20_000;

/** Queries run at one snapshot in one go; the writer waits that long. */
export const MAX_RUNS_PER_BATCH = 256;
/** A new subscription may join a result this young: a query may have read the clock. */
export const JOIN_WITHIN_MS = 5_000;
/** A query that killed its process is not run again for this long. */
export const QUARANTINE_MS = 30_000;
