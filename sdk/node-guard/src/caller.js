/** Who called: the claims of an access token (RFC 9068 §2.2), checked and frozen, as a handler is given them. */

import { Rejection } from './errors.js';

/** The latest time we take for one: the end of the year 9999. */
const MAX_NUMERIC_DATE = 253_402_300_799;

/**
 * The claims of an access token whose signature, issuer, audience and times have been checked. Times are Unix seconds.
 * @typedef {{
 *   iss: string, sub: string, aud: string | string[], exp: number, nbf?: number, iat?: number, jti?: string,
 *   client_id?: string, scope?: string, roles?: string[], sid?: string, rh?: string, auth_time?: number, acr?: string,
 *   [claim: string]: unknown
 * }} Claims
 */

/**
 * What `req.auth` is: the claims by their names, and questions about them. Shared by all requests with the same token, so
 * it is frozen.
 * @typedef {Readonly<Claims> & {
 *   readonly claims: Readonly<Claims>,
 *   hasScope(scope: string): boolean,
 *   hasRole(role: string): boolean
 * }} Caller
 */

const TEXTS = ['iss', 'sub', 'jti', 'client_id', 'scope', 'sid', 'rh', 'acr'];
const TIMES = ['exp', 'nbf', 'iat', 'auth_time'];

/** @param {unknown} value */
const isText = (value) => typeof value === 'string';
/** @param {unknown} value */
const isTime = (value) => typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE;
/** @param {unknown} value */
const isTexts = (value) => Array.isArray(value) && value.every(isText);

/**
 * The claims by their types: a wrong type is an error, never "absent".
 * @param {Record<string, unknown>} payload
 * @returns {Claims}
 */
export function checkedClaims(payload) {
  /** @type {(names: string[], fits: (value: unknown) => boolean) => void} */
  const check = (names, fits) => {
    for (const name of names)
      if (payload[name] !== undefined && !fits(payload[name])) throw new Rejection('claim_invalid');
  };
  check(TEXTS, isText);
  check(TIMES, isTime);
  check(['roles'], isTexts);
  check(['aud'], (aud) => isText(aud) || isTexts(aud));
  return /** @type {Claims} */ (payload);
}

/**
 * @param {Claims} claims
 * @returns {Caller}
 */
export function callerOf(claims) {
  deepFreeze(claims);
  const scopes = new Set((claims.scope ?? '').split(' '));
  scopes.delete('');
  const roles = new Set(claims.roles);
  // Own members, behind the claims: a claim of the same name hides none of them.
  const caller = Object.defineProperties({ ...claims }, {
    claims: hidden(claims),
    hasScope: hidden((/** @type {string} */ scope) => scopes.has(scope)),
    hasRole: hidden((/** @type {string} */ role) => roles.has(role)),
  });
  return /** @type {Caller} */ (Object.freeze(caller));
}

/** @param {unknown} value */
const hidden = (value) => ({ value, enumerable: false, writable: false, configurable: false });

/** @param {unknown} value */
function deepFreeze(value) {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
