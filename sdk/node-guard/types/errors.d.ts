/**
 * Tells the operator, outside of any request. Never called once per request.
 * @param {string} code
 * @param {string} message
 */
export function warn(code: string, message: string): void;
/** @typedef {keyof typeof CAUSES} Reason */
/** A request, or a token, was turned away. */
export class Rejection extends Error {
    /**
     * @param {Reason} reason
     * @param {{ required?: string, retryAfterSecs?: number, needed?: import('./step-up.js').SignIn }} [details]
     */
    constructor(reason: Reason, { required, retryAfterSecs, needed }?: {
        required?: string;
        retryAfterSecs?: number;
        needed?: import("./step-up.js").SignIn;
    });
    /** Why: for counting and for alarms, never for the caller. */
    reason: "insufficient_scope" | "no_token" | "two_headers" | "not_one_token" | "two_tokens" | "malformed_token" | "bad_signature" | "unknown_key" | "other_type" | "other_issuer" | "other_audience" | "expired" | "not_yet_valid" | "claim_missing" | "claim_invalid" | "sender_constrained" | "other_certificate" | "not_bound" | "dpop_other_key" | "dpop_missing" | "dpop_several" | "dpop_malformed" | "dpop_type" | "dpop_algorithm" | "dpop_key_unusable" | "dpop_signature" | "dpop_method" | "dpop_uri" | "dpop_time" | "dpop_hash" | "dpop_replayed" | "dpop_nonce" | "revoked_jti" | "revoked_sid" | "revoked_rh" | "revoked_client" | "revoked_api" | "revoked_key" | "revoked_all" | "other_url" | "used_url" | "inactive" | "insufficient_authentication" | "missing_role" | "no_signed_url" | "cross_site" | "keys_unavailable" | "revocations_unavailable" | "not_guarded";
    /** The status of the answer. */
    status: number;
    /** The error code in the challenge, where there is one. */
    error: string | undefined;
    /** The body of the answer, JSON. */
    body: string;
    /** The scopes of which one is needed, or the role. */
    required: string | undefined;
    /** How the user would have to sign in. */
    needed: import("./step-up.js").SignIn | undefined;
    /** After how many seconds another try is worth while; with a 503. */
    retryAfterSecs: number | undefined;
}
/** A guard cannot be built from what it was given. */
export class ConfigError extends TypeError {
    /** @param {string} message */
    constructor(message: string);
    /** Stable, for programs. */
    code: string;
}
/** The issuer could not be asked, or did not answer as it must. For the operator. */
export class FeedError extends Error {
    /**
     * @param {string} message
     * @param {{ retryAfterSecs?: number, status?: number }} [details]
     */
    constructor(message: string, { retryAfterSecs, status }?: {
        retryAfterSecs?: number;
        status?: number;
    });
    /** What the server asked for, seconds. */
    retryAfterSecs: number;
    /** The status of the answer, where there was one. */
    status: number | undefined;
}
export type Wire = {
    status: number;
    error?: string;
    body: string;
};
export type Reason = keyof typeof CAUSES;
declare namespace CAUSES {
    let no_token: [{
        status: number;
        body: string;
    }, string];
    let two_headers: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let not_one_token: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let two_tokens: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let malformed_token: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let bad_signature: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let unknown_key: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let other_type: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let other_issuer: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let other_audience: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let expired: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let not_yet_valid: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let claim_missing: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let claim_invalid: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let sender_constrained: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let other_certificate: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let not_bound: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_other_key: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_missing: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_several: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_malformed: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_type: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_algorithm: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_key_unusable: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_signature: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_method: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_uri: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_time: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_hash: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_replayed: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let dpop_nonce: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_jti: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_sid: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_rh: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_client: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_api: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_key: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let revoked_all: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let other_url: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let used_url: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let inactive: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let insufficient_scope: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let insufficient_authentication: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let missing_role: [{
        status: number;
        error: string;
        body: string;
    }, string];
    let no_signed_url: [{
        status: number;
        body: string;
    }, string];
    let cross_site: [{
        status: number;
        body: string;
    }, string];
    let keys_unavailable: [{
        status: number;
        body: string;
    }, string];
    let revocations_unavailable: [{
        status: number;
        body: string;
    }, string];
    let not_guarded: [{
        status: number;
        body: string;
    }, string];
}
export {};
