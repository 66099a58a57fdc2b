/**
 * Reads a JWT for display. Nothing is verified: never decide anything by it.
 * @param {string} jwt
 * @returns {{ header: Claims, claims: Claims }}
 */
export function decode(jwt: string): {
    header: Claims;
    claims: Claims;
};
/**
 * What a renewed ID token says, which must be of the same sign-in (§12.2).
 * @param {string} jwt
 * @param {Claims} claims of the one before
 * @param {string} nonce of the sign-in
 */
export function renewed(jwt: string, claims: Claims, nonce: string): {
    [x: string]: unknown;
};
export function person(claims: Claims): {
    [k: string]: unknown;
};
export type Claims = Record<string, unknown>;
