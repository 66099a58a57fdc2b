/**
 * Which URLs may carry a token, and which may be returned to.
 *
 * An API is matched by origin and by whole path segments, never by text prefix: `https://api.example.com/v1` covers
 * `/v1` and `/v1/dragons`, not `/v10`, not `https://api.example.com.evil.test`.
 */

import { AuthError } from './errors.js';

/** @typedef {{ base: URL, audience: string, scope: string }} Api */

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Two dots as a path segment behind encoded slashes, which URL parsers leave alone and some servers decode. */
const HIDDEN_DOTS = /(^|\/|\\|%2f|%5c)(\.|%2e){2}(\/|\\|%2f|%5c|$)/i;

/**
 * An absolute https URL (http on loopback only) without credentials, query or fragment.
 * @param {unknown} value
 * @param {string} name the option, for the error
 */
export function secureUrl(value, name) {
  try {
    const url = new URL(/** @type {string} */ (value));
    const secure = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
    if (secure && !(url.username || url.password || url.search || url.hash)) return url;
  } catch {
    // not a URL at all: the same advice
  }
  throw new AuthError('config', `${name} must be https (or localhost), no user, query, fragment`);
}

/**
 * The `apis` option, checked.
 * @param {Record<string, { audience?: string, scope?: string }>} apis
 * @returns {Api[]}
 */
export const parseApis = (apis) =>
  Object.entries(apis).map(([key, { audience = key, scope = '' }]) => ({ base: secureUrl(key, key), audience, scope }));

/**
 * The API a URL belongs to, if any: the most specific one. No match means no token.
 * @param {Api[]} apis
 * @param {string | URL} target
 */
export function matchApi(apis, target) {
  if (!URL.canParse(target)) return undefined;
  const url = new URL(target);
  // `blob:` and `filesystem:` URLs inherit an origin, so the protocol is compared too.
  return apis
    .filter(({ base }) => base.protocol === url.protocol && base.origin === url.origin && within(base, url))
    .sort((a, b) => b.base.pathname.length - a.base.pathname.length)[0];
}

/** @param {URL} base @param {URL} url */
function within(base, url) {
  const root = base.pathname.replace(/\/$/, '');
  const path = url.pathname;
  return !root || (!HIDDEN_DOTS.test(path) && (path === root || path.startsWith(`${root}/`)));
}

/**
 * A place of this origin as an absolute URL; anything else becomes the fallback. Checked when stored and when used,
 * and kept absolute: a path rebuilt from parts can turn into `//elsewhere`.
 * @param {string | undefined} target
 * @param {string} here the current URL
 * @param {string} fallback
 */
export function sameOrigin(target, here, fallback) {
  try {
    const url = new URL(target ?? fallback, here);
    if (url.origin === new URL(here).origin && /^https?:$/.test(url.protocol)) return url.href;
  } catch {
    // not a URL at all
  }
  return fallback;
}
