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
 * Checks an ID token's claims and returns them.
 * @param {string} jwt
 * @param {{ issuer: string, clientId: string, now: number }} server `now` in seconds by its clock
 * @param {string} nonce of the sign-in
 * @param {unknown} [subject] of the sign-in, at renewal: then the nonce may be absent (OpenID Connect Core §12.2)
 */
export function checkIdToken(jwt: string, { issuer, clientId, now }: {
    issuer: string;
    clientId: string;
    now: number;
}, nonce: string, subject?: unknown): Claims;
/** Seconds both clocks may still differ after the server's Date header has been taken into account. */
export const LEEWAY_SECS: 60;
export function person(claims: Claims): {
    [k: string]: unknown;
};
export type Claims = Record<string, unknown>;
