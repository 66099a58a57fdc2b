/** {@link BURST} at once, one more every {@link REFILL_MS}. */
export class Bucket {
    /** @param {number} now steady milliseconds */
    constructor(now: number);
    /**
     * Takes one, if there is one.
     * @param {number} now
     */
    take(now: number): boolean;
    #private;
}
/** The `kid`s that a fetch did not bring. */
export class Missing {
    /**
     * @param {string} kid
     * @param {number} now
     */
    has(kid: string, now: number): boolean;
    /**
     * @param {string} kid
     * @param {number} now
     */
    add(kid: string, now: number): void;
    #private;
}
