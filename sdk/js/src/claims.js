/**
 * ID-token claims (OpenID Connect Core §3.1.3.7, §12.2).
 *
 * The signature is not checked: the token comes from the token endpoint over TLS, which rule 6 of §3.1.3.7 accepts in
 * its place. It must never be relaxed to tokens from anywhere else.
 */

import { AuthError } from './errors.js';

/** @typedef {Record<string, unknown>} Claims */

/** Claims about the token, not about the person. */
const PROTOCOL = 'iss aud azp exp iat jti nonce at_hash c_hash sid auth_time amr acr'.split(' ');

/** Seconds both clocks may still differ after the server's Date header has been taken into account. */
export const LEEWAY_SECS = 60;

/**
 * Reads a JWT for display. Nothing is verified: never decide anything by it.
 * @param {string} jwt
 * @returns {{ header: Claims, claims: Claims }}
 */
export function decode(jwt) {
  try {
    const [header, claims] = jwt.split('.').slice(0, 2).map(part);
    return { header, claims };
  } catch {
    // The parser's own message would quote the token.
    throw new AuthError('id_token', 'not a JWT');
  }
}

/** @param {string} text @returns {Claims} */
function part(text) {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return value;
}

/**
 * Checks an ID token's claims and returns them.
 * @param {string} jwt
 * @param {{ issuer: string, clientId: string, now: number }} server `now` in seconds by its clock
 * @param {string} nonce of the sign-in
 * @param {unknown} [subject] of the sign-in, at renewal: then the nonce may be absent (OpenID Connect Core §12.2)
 */
export function checkIdToken(jwt, { issuer, clientId, now }, nonce, subject) {
  /** @type {(ok: unknown, what: string) => void} */
  const must = (ok, what) => {
    if (!ok) throw new AuthError('id_token', `wrong ${what}`);
  };
  must(typeof jwt === 'string' && jwt.split('.').length === 3, 'form');
  const { header, claims } = decode(jwt);
  const { aud, exp, iat, sub } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  must(typeof header.alg === 'string' && header.alg.toLowerCase() !== 'none', 'alg');
  must(claims.iss === issuer, 'iss');
  must(audiences.includes(clientId) && audiences.every((one) => typeof one === 'string'), 'aud');
  must(claims.azp === clientId || (claims.azp === undefined && audiences.length === 1), 'azp');
  must(typeof sub === 'string' && sub, 'sub');
  must(typeof exp === 'number' && exp > now - LEEWAY_SECS, 'exp');
  must(typeof iat === 'number' && iat < now + LEEWAY_SECS, 'iat');
  if (subject === undefined) must(typeof nonce === 'string' && claims.nonce === nonce, 'nonce');
  else must(sub === subject && (claims.nonce === undefined || claims.nonce === nonce), 'sub');
  return claims;
}

/**
 * The person, without the claims that only concern the token.
 * @param {Claims} claims
 */
export const person = (claims) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL.includes(name)));
