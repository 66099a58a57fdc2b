/**
 * Reads a set; keys that cannot be read are left out one by one.
 * @param {unknown} jwks
 * @param {string[]} first these algorithms before others, for keys without `alg`
 */
export function readKeys(jwks: unknown, first: string[]): Promise<KeySet | undefined>;
/** What is accepted unless told otherwise; a key without `alg` gets the first of these that fits it. */
export const ALGORITHMS: string[];
export function isSame(one: string, other: string): boolean;
/** Keys that belong together. Never changed: other keys make another set. */
export class KeySet {
    /** @param {Key[]} keys */
    constructor(keys: Key[]);
    keys: Key[];
    /** Equal texts, equal sets. */
    text: string;
    /**
     * The key a header means; without `kid`, or for a key without one, it must be the only one possible.
     * @param {string | undefined} kid
     * @param {string} alg
     */
    select(kid: string | undefined, alg: string): Key | undefined;
    /** @param {string} kid */
    has(kid: string): boolean;
}
export type Key = {
    kid: string | undefined;
    alg: string;
    key: CryptoKey;
    text: string;
};
export type Jwk = Record<string, unknown>;
export type CryptoKey = import("node:crypto").webcrypto.CryptoKey;
