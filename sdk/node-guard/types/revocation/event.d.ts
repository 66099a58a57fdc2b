/**
 * @typedef {object} Event
 * @property {number} iat the second in which the store confirmed the head
 * @property {string} epoch the log
 * @property {number} after the number before the first entry
 * @property {number} seq the number of the last
 * @property {Buffer} entries in the order of their numbers
 */
/**
 * Verifies an event. That it follows on what is known is for the follower to see.
 * @param {import('./signed.js').Heads} heads
 * @param {string} jws
 * @returns {Promise<Event>}
 */
export function verifyEvent(heads: import("./signed.js").Heads, jws: string): Promise<Event>;
/** The longest event, in characters: so many entries twice in base64url, the other claims, and the longest signature. */
export const MAX_EVENT_LENGTH: number;
export type Event = {
    /**
     * the second in which the store confirmed the head
     */
    iat: number;
    /**
     * the log
     */
    epoch: string;
    /**
     * the number before the first entry
     */
    after: number;
    /**
     * the number of the last
     */
    seq: number;
    /**
     * in the order of their numbers
     */
    entries: Buffer;
};
