/**
 * The defence that a cookie needs, which browsers send from whatever page: where the request comes from, and a token that
 * only the right page knows.
 */

import { createHash } from 'node:crypto';
import { Rejection } from './errors.js';
import { single } from './extract.js';
import { isLoopback } from './urls.js';

/** @typedef {import('node:http').IncomingMessage} Request */

/** What the browser lets every page send is safe: handlers of these methods change nothing. */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];
/** The claim of tokens that the issuer itself put into a cookie: the hash of what the header must say. */
const CLAIM = 'csrf#S256';
const HEADER = 'x-csrf-token';

/**
 * Refuses state-changing requests that a foreign page sent (Fetch Metadata §2.3; RFC 6454 §7).
 *
 * 1. Safe methods pass, unless they open a WebSocket, which a page of any origin can.
 * 2. An `Origin` from the allow-list passes.
 * 3. With `Sec-Fetch-Site`, only `same-origin` and `none` (the person's own doing) pass.
 * 4. Else `Origin` must name the host that was asked, over https: whoever holds the network can speak as `http://` of any
 *    host but the loopback ones.
 * 5. With neither header nothing vouches for the request: it is refused. Browsers send at least one.
 * @param {Request} request
 * @param {string[]} origins
 */
export function mayComeFromThere(request, origins) {
  if (changesNothing(request)) return true;
  const origin = single(request, 'origin');
  const site = single(request, 'sec-fetch-site');
  if (origin !== undefined && origins.includes(origin)) return true;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const named = /^(https?):\/\/(.*)$/.exec(origin ?? '');
  const host = single(request, 'host') ?? single(request, ':authority');
  if (!named || host !== named[2]) return false;
  return named[1] === 'https' || isLoopback(named[2]);
}

/**
 * A token that the issuer itself put into the cookie names the token of its page: where something may change, that must
 * come along, too.
 * @param {Request} request
 * @param {import('./caller.js').Claims} claims
 */
export function checkPage(request, { [CLAIM]: hash }) {
  if (hash === undefined || changesNothing(request)) return;
  const token = single(request, HEADER);
  // What is compared is hashed, so that how long it takes says nothing of the token.
  if (token === undefined || createHash('sha256').update(token).digest('base64url') !== hash) throw new Rejection('cross_site');
}

/** @param {Request} request */
function changesNothing({ method = '', headers }) {
  return SAFE.includes(method) && headers.upgrade === undefined;
}
