/** What an application says to the SDK, and what it is shown: types, and nothing at run time. */

/** @typedef {import('./errors.js').AuthError} AuthError */

/**
 * @typedef {object} Options
 * @property {string} issuer exactly as in the discovery document
 * @property {string} clientId
 * @property {string} [redirectUri] default: this origin and `/`
 * @property {Record<string, { audience?: string, scope?: string }>} [apis] base URL → its audience (default: the base
 *   URL itself) and scope; nothing else is ever sent a token, and each audience gets one of its own
 * @property {string} [scope] default `openid profile email offline_access`
 * @property {'auto' | 'cookie' | 'memory' | 'session' | 'local'} [storage] where tokens live; `auto`, the default: the
 *   refresh token in IndexedDB with the key it is bound to, and where that cannot be, `memory`; `cookie`: out of reach
 *   of scripts, for an app of the issuer's site
 * @property {'auto' | boolean} [dpop] default `auto`: tokens are bound to a key if the issuer offers it; APIs must know
 *   DPoP then
 * @property {{ before?: number, retry?: number[] }} [renew] seconds: how long before expiry, and waits after a failure
 * @property {'shared' | 'isolated'} [tabs] whether the tabs have one sign-in, or each its own
 * @property {(error: AuthError) => void} [onError] default: the console, once per code, but for what a person decided
 *   (`access_denied`, `login_required` and the like)
 */
/**
 * @typedef {object} Login
 * @property {string} [returnTo] a place of this origin, default the current one
 * @property {string} [prompt]
 * @property {string} [loginHint]
 * @property {string} [connection]
 * @property {string} [acr] wanted levels, best first
 * @property {number} [maxAge] seconds since the person last proved who they are
 * @property {string} [locale] languages, best first
 * @property {boolean} [signup] go where accounts are made, if there is such a place
 */
/**
 * @typedef {object} State an immutable snapshot; a change makes a new one
 * @property {'loading' | 'signed-out' | 'signed-in' | 'error'} status `error`: the issuer could not be asked
 * @property {Readonly<Record<string, any>> | null} user claims about the person
 * @property {readonly string[]} scopes granted
 * @property {readonly string[]} roles for showing and hiding things; the API decides
 * @property {number | null} expiresAt of the access token, ms since the epoch
 * @property {AuthError | null} error what last went wrong
 */

export {};
