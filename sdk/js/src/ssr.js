/**
 * On a server that renders pages (`symbolon/server`): whom a request's cookie signs in, where the app's tokens are
 * cookies (`storage: 'cookie'`).
 *
 *     import { sessionOf } from 'symbolon/server';
 *     const session = await sessionOf(request, { issuer, clientId });   // null: nobody
 *     if (session) render(`Hello ${session.user.name}`);
 *
 * The issuer is asked, so a sign-in that has ended counts no more. Only the one cookie is passed on. Rendering a page
 * for somebody changes nothing; what changes something belongs to an API behind a guard.
 */

/** As the server names it: on https, with a domain, and on loopback with the issuer's port. */
const NAME = /^(__Host-symbolon_access|__Secure-symbolon_access|symbolon_access-\d+)=/;
/** An issuer that takes longer counts as away. */
const TIMEOUT_MS = 5000;

/**
 * @typedef {object} Session
 * @property {Record<string, any>} user claims about the person
 * @property {Record<string, any>} claims of the access token
 * @property {string} csrfToken for the page, if it is to send requests without the SDK
 * @property {number} expiresAt of the access token, ms since the epoch
 */

/**
 * Whom a request's cookie signs in; null if nobody, or if it is of another client. Fails when the issuer cannot be
 * asked.
 * @param {{ headers: Headers | { cookie?: string } }} request of a browser, as fetch servers or Node know it
 * @param {{ issuer: string, clientId: string, fetch?: typeof globalThis.fetch }} options
 * @returns {Promise<Session | null>}
 */
export async function sessionOf({ headers }, { issuer, clientId, fetch = globalThis.fetch }) {
  const all = headers instanceof Headers ? headers.get('cookie') : headers.cookie;
  const ours = `${all ?? ''}`.split(/; */).filter((pair) => NAME.test(pair));
  if (ours.length === 0) return null;
  const response = await fetch(`${issuer.replace(/\/$/, '')}/session`, {
    headers: { cookie: ours.join('; ') },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`the issuer answered ${response.status}`);
  const { claims, user, csrf_token: csrfToken, expires_in } = await response.json();
  if (claims.client_id !== clientId) return null;
  return { user, claims, csrfToken, expiresAt: Date.now() + expires_in * 1000 };
}
