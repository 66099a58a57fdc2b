/**
 * The `WWW-Authenticate` challenges (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1) and the whole answer to a turned-away
 * request.
 */

/** @typedef {import('./errors.js').Rejection} Rejection */

import { PROOF_ALGORITHMS } from './dpop.js';

/** With which answers a challenge goes. */
const CHALLENGED = [400, 401, 403];

/**
 * Drops what may not stand in a quoted string unescaped (RFC 6750 §3: `%x20-21 / %x23-5B / %x5D-7E`).
 * @param {string} text
 */
const quotable = (text) => text.replace(/[^ !#-[\]-~]/gu, '');

/**
 * A value of `WWW-Authenticate`.
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata] the address of the protected resource metadata
 * @param {string} [scheme]
 */
export function challenge(realm, rejection, metadata, scheme = 'Bearer') {
  let text = `${scheme} realm="${quotable(realm)}"`;
  if (rejection.error) text += `, error="${rejection.error}"`;
  if (rejection.reason === 'insufficient_scope') text += `, scope="${quotable(rejection.required ?? '')}"`;
  if (rejection.needed) {
    const { acrValues, maxAge } = rejection.needed;
    text += ', error_description="a fresher or stronger sign-in is needed"';
    if (acrValues.length > 0) text += `, acr_values="${quotable(acrValues.join(' '))}"`;
    if (maxAge !== undefined) text += `, max_age="${maxAge}"`;
  }
  // The caller's own mistake: it may know which.
  if (rejection.reason.startsWith('dpop_') && rejection.error !== 'invalid_token')
    text += `, error_description="${quotable(rejection.message)}"`;
  if (scheme === 'DPoP') text += `, algs="${PROOF_ALGORITHMS.join(' ')}"`;
  if (metadata) text += `, resource_metadata="${quotable(metadata)}"`;
  return text;
}

/**
 * How the token could be shown instead. What is wrong with a proof, or with having none, is said in the one scheme that has proofs.
 * @param {Rejection} rejection
 * @param {import('./dpop.js').Proofs} [proofs]
 */
function schemes({ reason }, proofs) {
  if (!proofs) return ['Bearer'];
  const isOfBound = reason.startsWith('dpop_') || reason === 'sender_constrained';
  return isOfBound || proofs.required ? ['DPoP'] : ['Bearer', 'DPoP'];
}

/**
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata]
 * @param {import('./dpop.js').Proofs} [proofs]
 * @returns {string | string[]}
 */
function challenges(realm, rejection, metadata, proofs) {
  const [one, ...more] = schemes(rejection, proofs).map((scheme) => challenge(realm, rejection, metadata, scheme));
  return more.length === 0 ? one : [one, ...more];
}

/**
 * Answers a turned-away request.
 * @param {import('node:http').ServerResponse} response
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata]
 * @param {import('./dpop.js').Proofs} [proofs]
 */
export function refuse(response, realm, rejection, metadata, proofs) {
  // Whoever asked may be gone, or somebody else may have answered, while we waited for keys.
  if (response.headersSent || response.writableEnded) return;
  response.statusCode = rejection.status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  if (CHALLENGED.includes(rejection.status))
    response.setHeader('www-authenticate', challenges(realm, rejection, metadata, proofs));
  if (rejection.retryAfterSecs !== undefined) response.setHeader('retry-after', String(rejection.retryAfterSecs));
  response.end(rejection.body);
}
