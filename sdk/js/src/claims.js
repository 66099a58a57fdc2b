/**
 * Claims of JWTs that one's own token endpoint gave, and what may not change when it gives new ones (OpenID Connect
 * Core §12.2). `id-token.js` checks the first.
 */

import { AuthError } from './errors.js';

/** @typedef {Record<string, unknown>} Claims */

/** Claims about the token, not about the person. */
const PROTOCOL = 'iss aud azp exp iat jti nonce at_hash c_hash sid auth_time amr acr'.split(' ');
/** What may not change when a sign-in is renewed. */
const LASTING = 'iss sub aud azp auth_time'.split(' ');

/**
 * Reads a JWT for display. Nothing is verified: never decide anything by it.
 * @param {string} jwt
 * @returns {{ header: Claims, claims: Claims }}
 */
export function decode(jwt) {
  try {
    const [header, claims] = jwt.split('.', 2).map(part);
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
  const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (!/^\s*{/.test(json)) throw json; // no object
  return JSON.parse(json);
}

/**
 * What a renewed ID token says, which must be of the same sign-in (§12.2).
 * @param {string} jwt
 * @param {Claims} claims of the one before
 * @param {string} nonce of the sign-in
 */
export function renewed(jwt, claims, nonce) {
  const next = decode(jwt).claims;
  const wrong = LASTING.find((name) => JSON.stringify(next[name]) !== JSON.stringify(claims[name]));
  if (wrong || (next.nonce ?? nonce) !== nonce) throw new AuthError('id_token', `other ${wrong}`);
  return { ...claims, ...next };
}

/**
 * The person, without the claims that only concern the token.
 * @param {Claims} claims
 */
export const person = (claims) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL.includes(name)));
