/**
 * Where a token may stand in a request (RFC 6750 §2), and the defence that a cookie needs.
 *
 * The `Authorization` header is always read, cookie and query only if the owner of the API chose so. Two tokens in one
 * request are refused, with one exception: a browser sends a cookie without being asked, so a cookie beside a token that
 * was sent on purpose is ignored.
 */

import { mayComeFromThere } from './csrf.js';
import { Rejection } from './errors.js';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {{ cookie?: string, cookieOrigins: string[], query: boolean, dpop?: object }} Sources */
/**
 * A token as it stands in the request. In a header its characters have not been looked at yet: one that was seen before
 * needs no second look, {@link checkedToken} is for others.
 * @typedef {{ token: string, place: 'header' | 'proof' | 'query' | 'cookie' }} Found
 */

/** RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
/** ASCII white space, and nothing else that JavaScript calls white. */
const WHITE = ['\t', '\n', '\f', '\r', ' '];

/**
 * Finds the one token of a request.
 * @param {Request} request
 * @param {Sources} sources
 * @returns {Found | undefined}
 */
export function find(request, sources) {
  let found = fromHeader(request, sources.dpop !== undefined);
  if (sources.query) {
    const inQuery = fromQuery(request);
    if (found && inQuery) throw new Rejection('two_tokens');
    found ??= inQuery;
  }
  return found ?? (sources.cookie === undefined ? undefined : fromCookie(request, sources.cookie, sources.cookieOrigins));
}

/**
 * RFC 6750 §2.1: `Authorization: Bearer b64token`; RFC 9449 §7.1: `DPoP` in the same shape. Another scheme counts as no token.
 * @param {Request} request
 * @param {boolean} takesBound
 * @returns {Found | undefined}
 */
function fromHeader(request, takesBound) {
  const value = request.headers.authorization;
  if (value === undefined) return undefined;
  // Node keeps the first of two and says nothing.
  if (lines(request, 'authorization').length > 1) throw new Rejection('two_headers');
  const space = value.indexOf(' ');
  const scheme = space < 0 ? value : value.slice(0, space);
  const isBound = takesBound && scheme.length === 4 && scheme.toLowerCase() === 'dpop';
  if (!isBound && (scheme.length !== 6 || scheme.toLowerCase() !== 'bearer')) return undefined;
  // RFC 9110 §11.4 allows more than one space between scheme and token.
  let start = scheme.length;
  while (WHITE.includes(value[start])) start++;
  return { token: value.slice(start), place: isBound ? 'proof' : 'header' };
}

/**
 * RFC 6750 §2.3: the parameter `access_token`, once.
 * @param {Request} request
 * @returns {Found | undefined}
 */
function fromQuery({ url = '' }) {
  const start = url.indexOf('?');
  if (start < 0) return undefined;
  const values = new URLSearchParams(url.slice(start + 1)).getAll('access_token');
  if (values.length > 1) throw new Rejection('two_tokens');
  return values.length === 0 ? undefined : { token: checkedToken(values[0]), place: 'query' };
}

/**
 * @param {Request} request
 * @param {string} name
 * @param {string[]} origins
 * @returns {Found | undefined}
 */
function fromCookie(request, name, origins) {
  const values = [];
  for (const pair of (request.headers.cookie ?? '').split(';').map(trimmed)) {
    const equals = pair.indexOf('=');
    // Compared exactly: `__host-x`, `__Host-x` encoded, or a prefix of the name is another cookie.
    if (equals >= 0 && pair.slice(0, equals) === name) values.push(pair.slice(equals + 1));
  }
  if (values.length === 0) return undefined;
  if (values.length > 1) throw new Rejection('two_tokens');
  const token = checkedToken(values[0]);
  if (!mayComeFromThere(request, origins)) throw new Rejection('cross_site');
  return { token, place: 'cookie' };
}

/**
 * Whether these are characters of a token.
 * @param {string} text
 */
export function checkedToken(text) {
  if (!B64TOKEN.test(text)) throw new Rejection('not_one_token');
  return text;
}

/**
 * The value of a header that came exactly once, in printable ASCII.
 * @param {Request} request
 * @param {string} name
 */
export function single(request, name) {
  const [value, ...more] = lines(request, name);
  return value !== undefined && more.length === 0 && /^[\t -~]*$/.test(value) ? value : undefined;
}

/**
 * All lines of a header, as they came: Node joins or drops those that came twice.
 * @param {Request} request
 * @param {string} name in lower case
 */
export function lines({ rawHeaders, headers }, name) {
  const found = [];
  if (rawHeaders) {
    for (let at = 0; at + 1 < rawHeaders.length; at += 2)
      if (rawHeaders[at].length === name.length && rawHeaders[at].toLowerCase() === name) found.push(rawHeaders[at + 1]);
  } else {
    // A request that somebody made by hand.
    const value = headers[name];
    if (value !== undefined) found.push(...(Array.isArray(value) ? value : [value]));
  }
  return found;
}

/** Without ASCII white space at both ends. @param {string} text */
const trimmed = (text) => text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '');
