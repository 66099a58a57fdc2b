/** @typedef {import('./keys.js').KeySet} KeySet */
/**
 * @typedef {object} Source
 * @property {import('../clock.js').Clock} clock
 * @property {import('../http.js').Fetch} fetch
 * @property {import('../discovery.js').Discovery} discovery
 * @property {URL} [jwksUrl] instead of what discovery names
 * @property {string[]} algorithms
 */
/** A guard's keys from the network. */
export class KeyCache {
    /** @param {Source} source */
    constructor(source: Source);
    /** @type {KeySet | undefined} What counts now; none before the first fetch, or when the last one was too long ago. */
    set: KeySet | undefined;
    /** Looks at what is due, once a second: begins a fetch in the background, lets go of a set that is too old. */
    tend(): void;
    /**
     * The set, fetched if there is none.
     * @returns {Promise<KeySet>}
     */
    load(): Promise<KeySet>;
    /**
     * The set after a look for `kid`, which is not in the set that the caller has. None: it is nowhere to be found.
     * @param {string} kid
     */
    lookFor(kid: string): Promise<import("./keys.js").KeySet | undefined>;
    #private;
}
export type KeySet = import("./keys.js").KeySet;
export type Source = {
    clock: import("../clock.js").Clock;
    fetch: import("../http.js").Fetch;
    discovery: import("../discovery.js").Discovery;
    /**
     * instead of what discovery names
     */
    jwksUrl?: URL | undefined;
    algorithms: string[];
};
