/**
 * Why a request was turned away, and the one table that turns a cause into an answer (RFC 6750 §3.1).
 *
 * The caller learns the RFC's error code and nothing else: every 401 has the same body. The cause goes to `onReject` and
 * is counted. No token, key or secret ever gets in here.
 */

const UNAUTHORIZED = '{"error":"unauthorized"}';
const FORBIDDEN = '{"error":"forbidden"}';
const BAD_REQUEST = '{"error":"invalid_request"}';
const UNAVAILABLE = '{"error":"temporarily_unavailable"}';

/** @typedef {{ status: number, error?: string, body: string }} Wire */

// RFC 6750 §3.1, last paragraph: no code when the request lacks any authentication information.
const noToken = { status: 401, body: UNAUTHORIZED };
// RFC 6750 §3.1: invalid_token, 401.
const invalidToken = { status: 401, error: 'invalid_token', body: UNAUTHORIZED };
// RFC 9449 §7.1, §9: invalid_dpop_proof or use_dpop_nonce, 401.
const badProof = { status: 401, error: 'invalid_dpop_proof', body: UNAUTHORIZED };
const wantsNonce = { status: 401, error: 'use_dpop_nonce', body: UNAUTHORIZED };
// RFC 6750 §3.1: invalid_request, 400.
const malformed = { status: 400, error: 'invalid_request', body: BAD_REQUEST };
// RFC 6750 §3.1: insufficient_scope, 403. A role is a privilege beyond the token's, too.
const insufficient = { status: 403, error: 'insufficient_scope', body: FORBIDDEN };
// RFC 9470 §3: insufficient_user_authentication, 401.
const signInAgain = { status: 401, error: 'insufficient_user_authentication', body: UNAUTHORIZED };
// Not a matter of the token: no code of RFC 6750 says "not from there".
const notFromThere = { status: 403, body: FORBIDDEN };
// RFC 9110 §15.6.4: the token may be fine, so 401 would make clients throw it away.
const unavailable = { status: 503, body: UNAVAILABLE };
// RFC 9110 §15.6.1.
const wiring = { status: 500, body: '{"error":"server_error"}' };

/** Each cause: the answer, and what the operator reads. @satisfies {Record<string, [Wire, string]>} */
const CAUSES = {
  no_token: [noToken, 'no bearer token'],
  two_headers: [malformed, 'more than one authorization header'],
  not_one_token: [malformed, 'the bearer scheme is not followed by one token'],
  two_tokens: [malformed, 'more than one token'],
  malformed_token: [invalidToken, 'the token cannot be read'],
  bad_signature: [invalidToken, 'the signature does not fit'],
  unknown_key: [invalidToken, 'no key of the issuer fits the token'],
  other_type: [invalidToken, 'the token is not an access token'],
  other_issuer: [invalidToken, 'the token is of another issuer'],
  other_audience: [invalidToken, 'the token is meant for somebody else'],
  expired: [invalidToken, 'the token has expired'],
  not_yet_valid: [invalidToken, 'the token does not count yet'],
  claim_missing: [invalidToken, 'the token lacks a claim'],
  claim_invalid: [invalidToken, 'a claim of the token has the wrong type'],
  sender_constrained: [invalidToken, 'a token bound to a key was presented as a plain bearer token'],
  other_certificate: [invalidToken, 'the token is bound to another certificate than that of the connection'],
  not_bound: [invalidToken, 'the token is not bound to a key'],
  dpop_other_key: [invalidToken, 'the DPoP proof is of another key than the token is bound to'],
  dpop_missing: [badProof, 'a DPoP proof is needed in the header DPoP'],
  dpop_several: [badProof, 'there must be one DPoP header'],
  dpop_malformed: [badProof, 'the DPoP proof is not a JWT with jti, htm, htu and iat'],
  dpop_type: [badProof, 'typ of the DPoP proof must be dpop+jwt'],
  dpop_algorithm: [badProof, 'the DPoP proof has an alg that is not supported, or not of its key'],
  dpop_key_unusable: [badProof, 'jwk of the DPoP proof must be a usable public key'],
  dpop_signature: [badProof, 'the signature of the DPoP proof is not of its jwk'],
  dpop_method: [badProof, 'htm of the DPoP proof is not the method of this request'],
  dpop_uri: [badProof, 'htu of the DPoP proof is not the URI of this request'],
  dpop_time: [badProof, 'the DPoP proof is of another time: see its iat, and exp and nbf if it has them'],
  dpop_hash: [badProof, 'ath of the DPoP proof is not the hash of this access token'],
  dpop_replayed: [badProof, 'the DPoP proof was used before'],
  dpop_nonce: [wantsNonce, 'use the nonce of the header DPoP-Nonce in the DPoP proof'],
  revoked_jti: [invalidToken, 'the token was revoked'],
  revoked_sid: [invalidToken, 'the session of the token has ended'],
  revoked_rh: [invalidToken, 'all tokens of the user were revoked'],
  revoked_client: [invalidToken, 'all tokens of the client were revoked'],
  revoked_api: [invalidToken, 'all tokens for this API were revoked'],
  revoked_key: [invalidToken, 'the key that signed the token was revoked'],
  revoked_all: [invalidToken, 'all tokens of the issuer were revoked'],
  other_url: [invalidToken, 'the URL was signed for another resource or method'],
  used_url: [invalidToken, 'the signed URL has been used'],
  inactive: [invalidToken, 'the issuer calls the token inactive'],
  insufficient_scope: [insufficient, 'the token lacks the scope'],
  insufficient_authentication: [signInAgain, "the user's sign-in is too old, or not strong enough"],
  missing_role: [insufficient, 'the subject lacks the role'],
  no_signed_url: [notFromThere, 'a token where only signed URLs are taken'],
  cross_site: [notFromThere, 'cookie on a state-changing request from another site, or without its page’s token'],
  keys_unavailable: [unavailable, "the issuer's keys could not be fetched"],
  revocations_unavailable: [unavailable, 'what was revoked is not known well enough'],
  not_guarded: [wiring, 'a scope or role is asked for but this guard does not stand before the route'],
};

/** @typedef {keyof typeof CAUSES} Reason */

/** A request, or a token, was turned away. */
export class Rejection extends Error {
  /**
   * @param {Reason} reason
   * @param {{ required?: string, retryAfterSecs?: number, needed?: import('./step-up.js').SignIn }} [details]
   */
  constructor(reason, { required, retryAfterSecs, needed } = {}) {
    /** @type {[Wire, string]} */
    const [wire, text] = CAUSES[reason];
    super(required === undefined ? text : `${text} (needed: ${required})`);
    this.name = 'Rejection';
    /** Why: for counting and for alarms, never for the caller. */
    this.reason = reason;
    /** The status of the answer. */
    this.status = wire.status;
    /** The error code in the challenge, where there is one. */
    this.error = wire.error;
    /** The body of the answer, JSON. */
    this.body = wire.body;
    /** The scopes of which one is needed, or the role. */
    this.required = required;
    /** How the user would have to sign in. */
    this.needed = needed;
    /** After how many seconds another try is worth while; with a 503. */
    this.retryAfterSecs = wire.status === 503 ? Math.max(1, Math.floor(retryAfterSecs ?? 1)) : undefined;
  }
}

/** A guard cannot be built from what it was given. */
export class ConfigError extends TypeError {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ConfigError';
    /** Stable, for programs. */
    this.code = 'config';
  }
}

/** The issuer could not be asked, or did not answer as it must. For the operator. */
export class FeedError extends Error {
  /**
   * @param {string} message
   * @param {{ retryAfterSecs?: number, status?: number }} [details]
   */
  constructor(message, { retryAfterSecs = 0, status } = {}) {
    super(message);
    this.name = 'FeedError';
    /** What the server asked for, seconds. */
    this.retryAfterSecs = retryAfterSecs;
    /** The status of the answer, where there was one. */
    this.status = status;
  }
}

/**
 * Tells the operator, outside of any request. Never called once per request.
 * @param {string} code
 * @param {string} message
 */
export function warn(code, message) {
  process.emitWarning(message, { type: 'SymbolonGuardWarning', code });
}
