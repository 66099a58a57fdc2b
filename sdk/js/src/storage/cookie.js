/**
 * `cookie`: tokens in HttpOnly cookies, which no script can read. Not available yet: `createAuth` refuses it, and this
 * is where it will be.
 *
 * What it asks of the server, which must be of the app's site: `GET /session` gives the claims of whoever the cookie
 * signs in, never a token; whatever changes something carries a CSRF header, whose value came with the claims; the
 * server renews and puts the cookies. The SDK then has no token at all: `fetch` sends credentials instead of
 * an Authorization header, and `token()` is `config`. In server-side rendering the subpath `symbolon/server` verifies
 * the same cookie.
 */

import { AuthError } from '../errors.js';

/** @returns {never} */
export function open() {
  throw new AuthError('config', "storage 'cookie' is not available yet");
}
