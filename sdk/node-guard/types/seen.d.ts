/** The memory of one guard. */
export class Seen {
    /** @param {number} most tokens; 0 for none */
    constructor(most: number);
    hits: number;
    misses: number;
    /** How many tokens are remembered. */
    get size(): number;
    /**
     * The token as it was verified. Whether it still counts is for the caller to ask.
     * @param {string} token
     */
    find(token: string): import("./verify.js").Proven | undefined;
    /**
     * Keeps a token that passed everything.
     * @param {string} token
     * @param {Proven} proven
     */
    keep(token: string, proven: Proven): void;
    /** @param {string} token */
    forget(token: string): void;
    /** All of them: they were verified with keys that do not count any more. */
    clear(): void;
    #private;
}
export type Proven = import("./verify.js").Proven;
