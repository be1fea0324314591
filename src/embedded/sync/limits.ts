/** What one socket may ask for. Beyond these it is told why and closed: others must stay served. */

const MiB = 1024 * 1024;

/** Largest frame that is read; Convex's own cap on arguments is 16 MiB. */
export const MAX_FRAME_BYTES = 20 * MiB;
export const MAX_CONNECTIONS = 2_048;
export const MAX_QUERIES_PER_CONNECTION = 2_000;
/** Mutations that wait, and actions that run, on one connection: as many as in Convex. */
export const MAX_QUEUED_MUTATIONS = 1_000;
export const MAX_RUNNING_ACTIONS = 1_000;
/** Messages that wait while a token is verified. */
export const MAX_WAITING_MESSAGES = 10_000;
/** Text of messages that wait and calls that run, on one connection. */
export const MAX_QUEUED_CHARACTERS = 64 * MiB;

/**
 * What is held for all connections together: half of a frame that has not come in whole, messages that wait, answers that
 * were not read. Beyond it the connections that hold the most are cut.
 */
export const MAX_HELD_BYTES = 256 * MiB;

/** Above this much unsent data a socket gets no new transitions: they coalesce into one when it has drained. */
export const SLOW_CONSUMER_BYTES = MiB;
/** A socket that has this much unsent and is to be sent more, or that is behind and takes nothing for this long, is dropped. */
export const MAX_UNSENT_BYTES = 64 * MiB;
export const MAX_STALLED_MS = 60_000;

/** A socket is given so much at a time, and all sockets together so much in one turn of the event loop. */
export const MAX_FRAME_SENT_BYTES = 256 * 1024;
export const MAX_ROUND_BYTES = 4 * MiB;

/** Longest transition in one message to a client that understands chunks, as in Convex; others get it in one piece. */
export const MAX_MESSAGE_CHARACTERS = 5_000_000;

export const HEARTBEAT_MS = 5_000;
/** Clients reconnect after 60 s of silence. */
export const PING_AFTER_IDLE_MS = 15_000;
/** A peer that sends nothing and answers no WebSocket ping for this long is gone: with a heartbeat, 120 s as in Convex. */
export const DEAD_AFTER_MS = 115_000;
/** A socket that has not said Connect by then is closed. */
export const CONNECT_WITHIN_MS = 60_000;

/** Updates that are ready are passed on for so long before whatever else waits has a turn. */
export const MAX_DELIVERY_MS = 10;
/** Queries run at one snapshot in one go; the writer waits that long. */
export const MAX_RUNS_PER_BATCH = 64;
/** So many updates that fall between two commits may a socket have before all its queries are run at one snapshot. */
export const MAX_ATTEMPTS = 2;
/** A new subscription may join a result this young: a query may have read the clock. */
export const JOIN_WITHIN_MS = 5_000;
/** A query that killed its process is not run again for this long. */
export const QUARANTINE_MS = 30_000;
