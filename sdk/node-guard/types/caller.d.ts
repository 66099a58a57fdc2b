/**
 * The claims by their types: a wrong type is an error, never "absent".
 * @param {Record<string, unknown>} payload
 * @returns {Claims}
 */
export function checkedClaims(payload: Record<string, unknown>): Claims;
/**
 * @param {Claims} claims
 * @returns {Caller}
 */
export function callerOf(claims: Claims): Caller;
/**
 * The claims of an access token whose signature, issuer, audience and times have been checked. Times are Unix seconds.
 */
export type Claims = {
    iss: string;
    sub: string;
    aud: string | string[];
    exp: number;
    nbf?: number;
    iat?: number;
    jti?: string;
    client_id?: string;
    scope?: string;
    roles?: string[];
    sid?: string;
    rh?: string;
    auth_time?: number;
    acr?: string;
    [claim: string]: unknown;
};
/**
 * What `req.auth` is: the claims by their names, and questions about them. Shared by all requests with the same token, so
 * it is frozen.
 */
export type Caller = Readonly<Claims> & {
    readonly claims: Readonly<Claims>;
    hasScope(scope: string): boolean;
    hasRole(role: string): boolean;
};
