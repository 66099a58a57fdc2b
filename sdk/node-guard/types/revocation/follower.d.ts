/**
 * @typedef {object} Wiring
 * @property {import('../clock.js').Clock} clock
 * @property {import('../http.js').Fetch} fetch
 * @property {import('../discovery.js').Discovery} discovery
 * @property {import('../jwks/cache.js').KeyCache} keys
 * @property {import('./signed.js').Heads} heads
 * @property {import('./revoked.js').Revoked} revoked
 * @property {{ id: string, secret: string }} [credentials]
 * @property {boolean} mayLackDiscovery the issuer may be one without a discovery document
 * @property {number} silenceMs after which a stream is given up
 * @property {() => void} changed is called when something below may have changed
 */
/** @typedef {{ epoch: string, seq: number }} Position */
export class Follower {
    /** @param {Wiring} wiring */
    constructor(wiring: Wiring);
    /** Whether the issuer has a feed; unknown until it could be asked. @type {boolean | undefined} */
    offered: boolean | undefined;
    /** The stream is open and has brought an event. */
    following: boolean;
    /** Where we are. @type {Position | undefined} */
    position: Position | undefined;
    /** Why we are not following. @type {string | undefined} */
    lastError: string | undefined;
    /** How long the newest entry of the stream took to get here, by both clocks. @type {number | undefined} */
    lagSecs: number | undefined;
    /**
     * How old our knowledge is, in seconds: by the newest signed time or by our own steady clock, whichever is worse.
     * @param {number} now
     */
    staleness(now: number): number;
    /**
     * Follows until the signal aborts. Never fails.
     * @param {AbortSignal} signal
     * @param {() => void} tried is called after each attempt to get at the feed, and when one has come so far
     */
    run(signal: AbortSignal, tried: () => void): Promise<void>;
    /** What is due by now. */
    get dueAt(): number;
    #private;
}
export type Wiring = {
    clock: import("../clock.js").Clock;
    fetch: import("../http.js").Fetch;
    discovery: import("../discovery.js").Discovery;
    keys: import("../jwks/cache.js").KeyCache;
    heads: import("./signed.js").Heads;
    revoked: import("./revoked.js").Revoked;
    credentials?: {
        id: string;
        secret: string;
    } | undefined;
    /**
     * the issuer may be one without a discovery document
     */
    mayLackDiscovery: boolean;
    /**
     * after which a stream is given up
     */
    silenceMs: number;
    /**
     * is called when something below may have changed
     */
    changed: () => void;
};
export type Position = {
    epoch: string;
    seq: number;
};
