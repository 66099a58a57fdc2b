/** @typedef {import('./fingerprint.js').Fingerprint} Fingerprint */
/**
 * What a token says that an entry can be about.
 * @typedef {object} TokenIds
 * @property {Fingerprint} [jti]
 * @property {Fingerprint} [sid]
 * @property {Fingerprint} [rh]
 * @property {Fingerprint} [client]
 * @property {Fingerprint} [api] the audience that the guard is
 * @property {Fingerprint} [key] the key that verified it
 * @property {number} [iat]
 */
/** The length of an entry on the wire. */
export const RECORD_BYTES: 17;
export class Revoked {
    /** Another one whenever something was added. A token that passed need not be looked at again as long as it stays. */
    version: number;
    /** Entries of kinds that this version does not know. */
    unknown: number;
    get size(): number;
    get bytes(): number;
    /**
     * Why a token no longer counts, if so.
     * @param {TokenIds} token
     */
    refuses(token: TokenIds): "jti" | "sid" | "rh" | "all" | "key" | "client" | "api" | undefined;
    /**
     * Whether a key was revoked: what it signs is worth nothing, whatever that says.
     * @param {string | undefined} kid
     */
    hasKey(kid: string | undefined): boolean;
    /**
     * So many ids are about to be added; none when they have been.
     * @param {number} count
     */
    expect(count: number): void;
    /**
     * @param {number} hi
     * @param {number} lo
     * @param {number} forgetAt
     * @param {number} now
     */
    addId(hi: number, lo: number, forgetAt: number, now: number): void;
    /**
     * Adds the entry that stands at `at`; one of an unknown kind is counted. Gives the second of the revocation.
     * @param {Buffer} bytes
     * @param {number} at
     * @param {number} now
     */
    addRecord(bytes: Buffer, at: number, now: number): number;
    /**
     * Forgets some of what is due; called once a second.
     * @param {number} now
     */
    forget(now: number): void;
    #private;
}
export type Fingerprint = import("./fingerprint.js").Fingerprint;
/**
 * What a token says that an entry can be about.
 */
export type TokenIds = {
    jti?: import("./fingerprint.js").Fingerprint | undefined;
    sid?: import("./fingerprint.js").Fingerprint | undefined;
    rh?: import("./fingerprint.js").Fingerprint | undefined;
    client?: import("./fingerprint.js").Fingerprint | undefined;
    /**
     * the audience that the guard is
     */
    api?: import("./fingerprint.js").Fingerprint | undefined;
    /**
     * the key that verified it
     */
    key?: import("./fingerprint.js").Fingerprint | undefined;
    iat?: number | undefined;
};
