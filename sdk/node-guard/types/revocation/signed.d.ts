/**
 * Canonical base64url: one spelling, so that it stands for what was signed.
 * @param {unknown} text
 */
export function decoded(text: unknown): Buffer<ArrayBuffer>;
/** Verifies heads for one issuer. */
export class Heads {
    /**
     * @param {string} issuer
     * @param {import('../jwks/cache.js').KeyCache} keys
     * @param {import('../clock.js').Clock} clock
     * @param {import('./revoked.js').Revoked} revoked
     */
    constructor(issuer: string, keys: import("../jwks/cache.js").KeyCache, clock: import("../clock.js").Clock, revoked: import("./revoked.js").Revoked);
    /**
     * @param {string} jws
     * @param {string} typ
     * @param {number} max characters
     * @returns {Promise<Head>}
     */
    verify(jws: string, typ: string, max: number): Promise<Head>;
    #private;
}
export function isNumber(value: unknown): value is number;
export type Head = {
    iat: number;
    epoch: string;
    seq: number;
    claims: Record<string, unknown>;
};
