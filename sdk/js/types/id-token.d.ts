/**
 * What is wrong with it, if anything is.
 * @param {{ header: Claims, claims: Claims }} token
 * @param {{ issuer: string, clientId: string, now: number }} server `now` in seconds by its clock
 * @param {string} nonce of the sign-in
 * @returns {string | undefined}
 */
export function wrong({ header, claims }: {
    header: Claims;
    claims: Claims;
}, { issuer, clientId, now }: {
    issuer: string;
    clientId: string;
    now: number;
}, nonce: string): string | undefined;
export type Claims = import("./claims.js").Claims;
