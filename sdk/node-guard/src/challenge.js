/** The `WWW-Authenticate` challenge (RFC 6750 §3, RFC 9728 §5.1) and the whole answer to a turned-away request. */

/** @typedef {import('./errors.js').Rejection} Rejection */

/** With which answers a challenge goes. */
const CHALLENGED = [400, 401, 403];

/**
 * Drops what may not stand in a quoted string unescaped (RFC 6750 §3: `%x20-21 / %x23-5B / %x5D-7E`).
 * @param {string} text
 */
const quotable = (text) => text.replace(/[^ !#-[\]-~]/gu, '');

/**
 * The value of `WWW-Authenticate`.
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata] the address of the protected resource metadata
 */
export function challenge(realm, rejection, metadata) {
  let text = `Bearer realm="${quotable(realm)}"`;
  if (rejection.error) text += `, error="${rejection.error}"`;
  if (rejection.reason === 'insufficient_scope') text += `, scope="${quotable(rejection.required ?? '')}"`;
  if (metadata) text += `, resource_metadata="${quotable(metadata)}"`;
  return text;
}

/**
 * Answers a turned-away request.
 * @param {import('node:http').ServerResponse} response
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata]
 */
export function refuse(response, realm, rejection, metadata) {
  // Whoever asked may be gone, or somebody else may have answered, while we waited for keys.
  if (response.headersSent || response.writableEnded) return;
  response.statusCode = rejection.status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  if (CHALLENGED.includes(rejection.status))
    response.setHeader('www-authenticate', challenge(realm, rejection, metadata));
  if (rejection.retryAfterSecs !== undefined) response.setHeader('retry-after', String(rejection.retryAfterSecs));
  response.end(rejection.body);
}
