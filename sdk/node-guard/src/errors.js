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
// RFC 6750 §3.1: invalid_request, 400.
const malformed = { status: 400, error: 'invalid_request', body: BAD_REQUEST };
// RFC 6750 §3.1: insufficient_scope, 403. A role is a privilege beyond the token's, too.
const insufficient = { status: 403, error: 'insufficient_scope', body: FORBIDDEN };
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
  revoked_jti: [invalidToken, 'the token was revoked'],
  revoked_sid: [invalidToken, 'the session of the token has ended'],
  revoked_rh: [invalidToken, 'all tokens of the user were revoked'],
  revoked_client: [invalidToken, 'all tokens of the client were revoked'],
  revoked_api: [invalidToken, 'all tokens for this API were revoked'],
  revoked_key: [invalidToken, 'the key that signed the token was revoked'],
  revoked_all: [invalidToken, 'all tokens of the issuer were revoked'],
  inactive: [invalidToken, 'the issuer calls the token inactive'],
  insufficient_scope: [insufficient, 'the token lacks the scope'],
  missing_role: [insufficient, 'the subject lacks the role'],
  cross_site: [notFromThere, 'cookie on a state-changing request from another site'],
  keys_unavailable: [unavailable, "the issuer's keys could not be fetched"],
  revocations_unavailable: [unavailable, 'what was revoked is not known well enough'],
  not_guarded: [wiring, 'a scope or role is asked for but this guard does not stand before the route'],
};

/** @typedef {keyof typeof CAUSES} Reason */

/** A request, or a token, was turned away. */
export class Rejection extends Error {
  /**
   * @param {Reason} reason
   * @param {{ required?: string, retryAfterSecs?: number }} [details]
   */
  constructor(reason, { required, retryAfterSecs } = {}) {
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
