/** What a guard is told: every option checked once, unknown ones refused. */

import { ConfigError } from './errors.js';
import { nodeFetch } from './http.js';
import { ALGORITHMS, isSame } from './jwks/keys.js';
import { checkedUrl } from './urls.js';

/**
 * @typedef {object} Options
 * @property {string} issuer exactly as in its discovery document; https, or http on loopback
 * @property {string} audience what tokens must name, exactly
 * @property {string[]} [algorithms] only these; otherwise every one with a key pair, never a shared secret
 * @property {number} [leeway] seconds that the clocks of issuer and API may differ: 30, at most 300
 * @property {boolean} [acceptPlainJwt] also `typ: JWT` or none, for issuers older than RFC 9068
 * @property {string} [cookie] also read the token from this cookie
 * @property {string[]} [cookieOrigins] besides the API's own, whose pages may change things with the cookie
 * @property {boolean} [query] also read the token from the parameter `access_token`
 * @property {string} [realm] of the challenges: the audience
 * @property {boolean} [optional] no token is anonymous (`req.auth` is missing); a bad one is still refused
 * @property {(rejection: import('./errors.js').Rejection, request?: import('node:http').IncomingMessage) => void} [onReject]
 *   is told every refusal and its cause
 * @property {'auto' | 'off' | 'required'} [revocation] `auto`: follows the feed of an issuer that has one;
 *   `required`: one that has none is as good as one whose feed is cut
 * @property {number} [maxStaleness] seconds that what is known about revocation may be old: 30
 * @property {'accept' | 'introspect' | 'refuse'} [whenStale] what becomes of tokens then: `accept`, with a warning
 * @property {{ id: string, secret: string }} [credentials] of this API with the issuer, for introspection and a feed that
 *   wants them
 * @property {import('./dpop.js').DpopOptions} [dpop] also takes tokens that are bound to a key, with a proof of it in every request
 *   (RFC 9449). Without it they are refused
 * @property {import('./certificates.js').CertificateOptions} [certificates] also takes tokens that are bound to the certificate of
 *   the connection (RFC 8705). Without it they are refused
 * @property {Uint8Array} [signedUrls] 32 random bytes that all nodes of the API share: signs URLs (`guard.signUrl`), and takes them in
 *   place of a token
 * @property {string[]} [scopesSupported] that clients may need here, as the metadata tells them (RFC 9728)
 * @property {number} [remember] how many verified tokens: 16384, 0 for none
 * @property {string} [jwksUrl] the key set, where it is not what discovery names
 * @property {typeof globalThis.fetch} [fetch] instead of our own
 */

/**
 * @typedef {Required<Omit<Options, 'cookie' | 'onReject' | 'credentials' | 'dpop' | 'certificates' | 'signedUrls' | 'jwksUrl' | 'fetch'>>
 *   & Pick<Options, 'cookie' | 'onReject' | 'credentials' | 'dpop' | 'certificates' | 'signedUrls'>
 *   & { jwksUrl?: URL, fetch: import('./http.js').Fetch }} Settings
 */

const MAX_LEEWAY_SECS = 300;
/** RFC 6265 §4.1.1. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';
/** @param {unknown} value */
const isFlag = (value) => typeof value === 'boolean';
/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';
/** @type {(least: number, most: number) => (value: unknown) => boolean} */
const within = (least, most) => (value) => typeof value === 'number' && value >= least && value <= most;
/** @type {(...values: string[]) => (value: unknown) => boolean} */
const oneOf = (...values) => (value) => typeof value === 'string' && values.includes(value);
/** @type {(fits: (value: unknown) => boolean) => (value: unknown) => boolean} */
const listOf = (fits) => (value) => Array.isArray(value) && value.every(fits);

/** @param {unknown} value */
const isOrigin = (value) => isText(value) && URL.canParse(String(value)) && new URL(String(value)).origin === value;
/** @param {unknown} value */
const isCredentials = (value) => {
  const { id, secret } = /** @type {{ id?: unknown, secret?: unknown }} */ (value ?? {});
  return isText(id) && isText(secret);
};
/** @param {unknown} value */
const isDpop = (value) => {
  const { publicUrl, required = false, nonces = false, remember = 1, ...more } = /** @type {any} */ (value ?? {});
  const isSecret = nonces instanceof Uint8Array && nonces.length === 32;
  const isKnown = Object.keys(more).length === 0;
  return isKnown && isText(publicUrl) && isFlag(required) && (isFlag(nonces) || isSecret) && within(1, 10_000_000)(remember);
};
/** @param {unknown} value */
const isCertificates = (value) => {
  if (typeof value !== 'object') return false;
  const { required = false, header, proxies = [], ...more } = /** @type {any} */ (value ?? {});
  const isKnown = Object.keys(more).length === 0;
  const isHeader = header === undefined ? proxies.length === 0 : isText(header) && COOKIE_NAME.test(header);
  return isKnown && isFlag(required) && listOf(isText)(proxies) && isHeader;
};
/** RFC 6749 §3.3. @param {unknown} value */
const isScope = (value) => isText(value) && /^[!#-[\]-~]+$/.test(String(value));
/** @param {unknown} value */
const isAlgorithm = (value) => ALGORITHMS.some((alg) => typeof value === 'string' && isSame(alg, value));

/** Each option: whether a value fits, what it must be, what it is otherwise. */
const TABLE = {
  issuer: [isText, 'the issuer as text'],
  audience: [isText, 'the audience as text'],
  algorithms: [listOf(isAlgorithm), `a list of ${ALGORITHMS.join(', ')}`, ALGORITHMS],
  leeway: [within(0, MAX_LEEWAY_SECS), `seconds, at most ${MAX_LEEWAY_SECS}`, 30],
  acceptPlainJwt: [isFlag, 'true or false', false],
  cookie: [(/** @type {unknown} */ value) => isText(value) && COOKIE_NAME.test(String(value)), "a cookie's name"],
  cookieOrigins: [listOf(isOrigin), 'a list of origins such as https://app.example.com', []],
  query: [isFlag, 'true or false', false],
  realm: [isText, 'text'],
  optional: [isFlag, 'true or false', false],
  onReject: [isFunction, 'a function'],
  revocation: [oneOf('auto', 'off', 'required'), "'auto', 'off' or 'required'", 'auto'],
  maxStaleness: [within(1, 86_400), 'seconds, from 1 to 86400', 30],
  whenStale: [oneOf('accept', 'introspect', 'refuse'), "'accept', 'introspect' or 'refuse'", 'accept'],
  credentials: [isCredentials, 'id and secret'],
  dpop: [isDpop, 'publicUrl and perhaps required, nonces (true or 32 bytes) and remember'],
  certificates: [isCertificates, 'perhaps required, and header with proxies'],
  signedUrls: [(/** @type {unknown} */ value) => value instanceof Uint8Array && value.length === 32, '32 bytes'],
  scopesSupported: [listOf(isScope), 'a list of scopes', []],
  remember: [within(0, 10_000_000), 'a number of tokens', 16_384],
  jwksUrl: [isText, 'an address'],
  fetch: [isFunction, 'a function'],
};

/**
 * @param {Options} options
 * @returns {Settings}
 */
export function checkedOptions(options) {
  /** @type {Record<string, unknown>} */
  const given = { ...options };
  for (const name of Object.keys(given))
    if (!Object.hasOwn(TABLE, name)) throw new ConfigError(`there is no option ${name}`);
  /** @type {Record<string, unknown>} */
  const settings = {};
  for (const [name, [fits, what, otherwise]] of /** @type {[string, any[]][]} */ (Object.entries(TABLE))) {
    const value = given[name] ?? otherwise;
    const isNeeded = name === 'issuer' || name === 'audience';
    if ((value !== undefined || isNeeded) && !fits(value)) throw new ConfigError(`${name} must be ${what}`);
    settings[name] = value;
  }
  const { issuer, audience, jwksUrl, realm, fetch, whenStale, credentials, cookie, cookieOrigins } = options;
  checkedUrl('issuer', issuer);
  if (options.dpop) checkedUrl('dpop.publicUrl', options.dpop.publicUrl);
  if (whenStale === 'introspect' && !credentials) throw new ConfigError("whenStale: 'introspect' needs credentials");
  if (cookieOrigins && !cookie) throw new ConfigError('cookieOrigins without cookie has no effect');
  return /** @type {any} */ ({
    ...settings,
    realm: realm ?? audience,
    jwksUrl: jwksUrl === undefined ? undefined : checkedUrl('jwksUrl', jwksUrl),
    fetch: fetch ?? nodeFetch,
  });
}
