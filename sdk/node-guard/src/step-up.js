/** Routes that want a fresher or a stronger sign-in (RFC 9470). */

import { ConfigError } from './errors.js';

/**
 * How a caller's user must have signed in.
 * @typedef {object} SignIn
 * @property {string[]} acrValues in one of these ways; in any, if there are none
 * @property {number | undefined} maxAge at most so many seconds ago
 */

/**
 * @param {{ acrValues?: string[], maxAge?: number }} wanted
 * @returns {SignIn}
 */
export function neededSignIn({ acrValues = [], maxAge }) {
  const isAcr = (/** @type {unknown} */ value) => typeof value === 'string' && /^[!#-[\]-~]+$/.test(value);
  if (!Array.isArray(acrValues) || !acrValues.every(isAcr)) throw new ConfigError('acrValues must be a list of acr values');
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) throw new ConfigError('maxAge must be whole seconds');
  if (acrValues.length === 0 && maxAge === undefined) throw new ConfigError('what is needed: acrValues, maxAge or both');
  return { acrValues: [...acrValues], maxAge };
}

/**
 * Whether the user has signed in like this. Who does not say when it was has not shown that it was lately.
 * @param {import('./caller.js').Claims} claims
 * @param {SignIn} needed
 * @param {number} now
 * @param {number} leeway
 */
export function suffices({ acr, auth_time: at }, { acrValues, maxAge }, now, leeway) {
  const isStrong = acrValues.length === 0 || (acr !== undefined && acrValues.includes(acr));
  const isFresh = maxAge === undefined || (at !== undefined && now <= at + maxAge + leeway);
  return isStrong && isFresh;
}
