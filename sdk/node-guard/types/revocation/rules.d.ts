export class Rules {
    /** How many were left out because there were {@link MAX_RULES}: tokens may be accepted that should not. */
    leftOut: number;
    get size(): number;
    /**
     * Adds a rule; says whether it refuses more than before. Of two about the same the latest times count.
     * @param {number} kind
     * @param {Fingerprint} id
     * @param {number} revokedAt
     * @param {number} forgetAt
     * @param {number} now
     */
    add(kind: number, id: Fingerprint, revokedAt: number, forgetAt: number, now: number): boolean;
    /**
     * The first kind of rule that refuses a token.
     * @param {import('./revoked.js').TokenIds} token
     */
    refuses(token: import("./revoked.js").TokenIds): "all" | "key" | "client" | "api" | undefined;
    /** @param {Fingerprint} key */
    hasKey(key: Fingerprint): boolean;
    /** @param {number} now */
    forget(now: number): void;
    #private;
}
export type Fingerprint = import("./fingerprint.js").Fingerprint;
