/**
 * Without regard to case, and `application/` may be left out where nothing else has a slash (RFC 7515 §4.1.9).
 * @param {unknown} one
 * @param {string} other in lower case, without `application/`
 */
export function isSameType(one: unknown, other: string): boolean;
/** What a token must be. */
export class Verifier {
    /**
     * @param {{ issuer: string, audience: string, algorithms: string[], leeway: number, acceptPlainJwt: boolean, dpop?: object,
     *   certificates?: object }} policy
     * @param {import('./jwks/cache.js').KeyCache} keys
     */
    constructor({ issuer, audience, algorithms, leeway, acceptPlainJwt, dpop, certificates }: {
        issuer: string;
        audience: string;
        algorithms: string[];
        leeway: number;
        acceptPlainJwt: boolean;
        dpop?: object;
        certificates?: object;
    }, keys: import("./jwks/cache.js").KeyCache);
    /**
     * Verifies, and fetches keys if that can help.
     * @param {string} token
     * @param {number} now
     * @returns {Promise<Proven>}
     */
    verify(token: string, now: number): Promise<Proven>;
    #private;
}
export type Caller = import("./caller.js").Caller;
export type Claims = import("./caller.js").Claims;
export type KeySet = import("./jwks/keys.js").KeySet;
export type Key = import("./jwks/keys.js").Key;
export type TokenIds = import("./revocation/revoked.js").TokenIds;
/**
 * A token that has proved good, and until when and under which keys that holds.
 */
export type Proven = {
    caller: Caller;
    /**
     * from this second on it counts
     */
    begins: number;
    /**
     * from this second on it has expired, leeway included
     */
    expires: number;
    keys: KeySet;
    /**
     * the thumbprint of the key it is bound to
     */
    jkt: string | undefined;
    /**
     * the thumbprint of the certificate it is bound to
     */
    x5t: string | undefined;
    /**
     * what an entry of the feed can be about
     */
    ids: TokenIds;
    /**
     * the version of what was revoked that knew nothing against it; 0: not asked yet
     */
    checked: number;
    /**
     * when introspection last called it active
     */
    askedAt: number;
    /**
     * introspection under way
     */
    asking: Promise<boolean> | undefined;
};
