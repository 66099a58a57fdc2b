/**
 * How an open connection ends: the closing code and reason of a WebSocket (RFC 6455 §7.4.2: 4000 to 4999 are the application's), and
 * what a Socket.IO client is told.
 *
 * Of a token that does not count no more is told than that it has expired, was revoked, or neither: that helps its owner,
 * who can renew, and nobody else.
 */

/** @typedef {{ code: number, reason: string }} Ending */

export const TOKEN_MISSING = { code: 4401, reason: 'token_missing' };
export const OTHER_SUBJECT = { code: 4403, reason: 'other_subject' };
export const TOO_BIG = { code: 1009, reason: 'message_too_big' };

const TOKEN_INVALID = { code: 4401, reason: 'token_invalid' };

/** By the reason of the rejection, where its status does not tell. @type {Record<string, Ending>} */
const ENDINGS = {
  no_token: TOKEN_MISSING,
  expired: { code: 4401, reason: 'token_expired' },
  inactive: { code: 4401, reason: 'token_revoked' },
  insufficient_scope: { code: 4403, reason: 'insufficient_scope' },
  missing_role: { code: 4403, reason: 'insufficient_scope' },
  insufficient_authentication: { code: 4401, reason: 'insufficient_user_authentication' },
  cross_site: { code: 4403, reason: 'cross_site' },
};

/**
 * The one table from cause to ending.
 * @param {import('./errors.js').Rejection} rejection
 * @returns {Ending}
 */
export function endingOf({ reason, status, error }) {
  // RFC 6455's registry: try again later.
  if (status === 503) return { code: 1013, reason: 'temporarily_unavailable' };
  if (status === 500) return { code: 1011, reason: 'server_error' };
  if (reason.startsWith('revoked_')) return { code: 4401, reason: 'token_revoked' };
  if (reason.startsWith('dpop_') && error !== 'invalid_token') return { code: 4401, reason: error ?? 'invalid_dpop_proof' };
  return Object.hasOwn(ENDINGS, reason) ? ENDINGS[reason] : TOKEN_INVALID;
}
