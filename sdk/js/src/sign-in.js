/**
 * Signing in (RFC 6749 §4.1, RFC 7636, RFC 9207), in this window or one of its own, and signing out (OpenID Connect
 * RP-Initiated Logout 1.0). Loaded only where one of them happens.
 *
 * What must outlive the redirect is kept in sessionStorage, one record per `state`, under a key that names issuer and
 * client, so an answer can only meet the question it belongs to. No token is ever kept there. Where tokens are bound to
 * a key, the code is, too (`dpop_jkt`, RFC 9449 §10): the key waits in IndexedDB, and whoever reads the code and the
 * record in this page can redeem them nowhere else.
 */

import { ANSWER } from './callback.js';
import { wrong } from './id-token.js';
import { challenge, random } from './pkce.js';
import { sameOrigin } from './urls.js';

/** @typedef {import('./symbolon.js').Env} Env */
/** @typedef {import('./symbolon.js').Login} Login */
/** @typedef {import('./server.js').Json} Json */
/** @typedef {import('./server.js').Params} Params */
/** @typedef {import('./tokens.js').Saved} Saved */
/**
 * @typedef {object} Context what this part gets of the core
 * @property {Env} env
 * @property {string} prefix of this issuer's, client's and perhaps tab's keys
 * @property {import('./server.js').Server} server
 * @property {import('./tokens.js').Tokens} tokens
 * @property {() => Promise<void>} open finds out where they are kept, before anything else is asked of them
 * @property {string} redirectUri
 * @property {import('./symbolon.js').Options} options
 * @property {import('./urls.js').Api[]} apis
 * @property {(code: unknown, detail?: string, hint?: string) => Error} error
 * @property {import('./claims.js').decode} decode
 * @property {(thrown: unknown) => void} report
 */
/**
 * @typedef {{ verifier: string, nonce: string, key?: import('./storage/dpop.js').Key }} Asked `key`, where the page has
 *   stayed; one that comes back takes it up by its `state`
 */

/** A sign-in left half-way is forgotten after an hour, one that is over likewise. */
const MAX_AGE_MS = 3_600_000;
/** How long signing out waits for the revocation; leaving matters more, and ends the session anyway. */
const REVOKE_WAIT_MS = 2000;
/** How often one looks whether the person has closed the window: no event tells. */
const LOOK_MS = 300;
/** More silent redirects than this within a minute are a loop. */
const MAX_TRIES = 3;
const TRIES_WINDOW_MS = 60_000;

/**
 * Goes to the sign-in page. Resolves only if this page is shown again from the back/forward cache.
 * @param {Context} context
 * @param {Login & { silent?: boolean }} options
 */
export async function depart(context, { returnTo, silent, ...options }) {
  const { env, error, redirectUri } = context;
  const here = env.location.href;
  const { url, state, verifier, nonce } = await question(context, options);
  const { prefix } = context; // not before: a copied tab has another by now
  const at = env.Date.now();
  const back = sameOrigin(returnTo ?? here, here, redirectUri);
  try {
    const storage = env.sessionStorage;
    for (const key of Object.keys(storage))
      if (key.startsWith(`${prefix}tx:`) && at - JSON.parse(storage[key]).at > MAX_AGE_MS) storage.removeItem(key);
    storage.setItem(`${prefix}tx:${state}`, JSON.stringify({ verifier, nonce, returnTo: back, silent, at }));
    if (silent) count(storage, `${prefix}tries`, at);
  } catch (thrown) {
    throw thrown === MAX_TRIES
      ? error('restore_loop', '', 'Does the redirectUri call start()?')
      : error('storage_unavailable', '', 'sessionStorage is blocked.');
  }
  await go(env, url, silent);
}

/** Counts a silent redirect. @param {Storage} storage @param {string} key @param {number} now */
function count(storage, key, now) {
  const [tries, since] = (storage.getItem(key) ?? '').split(' ').map(Number);
  const fresh = now - since < TRIES_WINDOW_MS;
  if (fresh && tries >= MAX_TRIES) throw MAX_TRIES;
  storage.setItem(key, fresh ? `${tries + 1} ${since}` : `1 ${now}`);
}

/**
 * Sends a window to the sign-in page and waits for what it says by message (`response_mode=web_message`).
 * @param {Context} context
 * @param {Window | null | undefined} popup null: the browser opened none; undefined: none was wanted of it
 * @param {Login} options
 */
export async function ask(context, popup, options) {
  const { env } = context;
  if (popup === null) throw context.error('popup_blocked', '', 'Call loginPopup() from a click.');
  const asked = await question(context, options, 'web_message');
  const { origin } = new URL(asked.url);
  const window = /** @type {Window} */ (popup);
  const done = new AbortController();
  const answer = await /** @type {Promise<URLSearchParams>} */ (
    new Promise((resolve, reject) => {
      const look = env.setInterval(() => window.closed && reject(context.error('popup_closed')), LOOK_MS);
      done.signal.onabort = () => env.clearInterval(look);
      /** @param {MessageEvent} event */
      const hear = ({ origin: from, source, data }) => {
        // The window, showing a page of the issuer, about this question: anything else is somebody else's message.
        if (from !== origin || source !== window || data?.type !== 'authorization_response') return;
        const said = new URLSearchParams(data.response);
        if (said.get('state') === asked.state) resolve(said);
      };
      env.addEventListener('message', hear, { signal: done.signal });
      window.location.replace(asked.url);
    })
  ).finally(() => done.abort());
  return { ...asked, answer };
}

/**
 * Signs in by a window, for pages whose core is of before an upgrade: one of now does it itself, lest it call by this
 * name what a node of before the upgrade serves.
 * @param {Context} context
 * @param {Window | null | undefined} popup as for `ask`
 * @param {Login} options
 */
export async function signInBy(context, popup, options) {
  const asked = await ask(context, popup, options);
  await redeem(context, asked.answer, asked);
}

/**
 * An authorization request with fresh state, nonce and verifier.
 * @param {Context} context
 * @param {Login} options
 * @param {string} [mode]
 */
async function question({ env, server, tokens, open, redirectUri, apis, error, ...context }, options, mode) {
  await open();
  const { authorization_endpoint, prompt_values_supported: prompts } = await server.metadata();
  if (mode && server.windows === false)
    throw error('popup_unsupported', 'the issuer answers no windows', 'Call login().');
  if (!env.crypto?.subtle) throw error('crypto_unavailable', '', 'Use https or localhost.');
  const [verifier, state, nonce] = [random(env.crypto), random(env.crypto), random(env.crypto)];
  const key = await tokens.store.newKey?.(mode ? undefined : state);
  const { prompt, loginHint, connection, acr, maxAge, locale, signup } = options;
  const url = new URL(authorization_endpoint);
  const all = /** @type {Params} */ ([
    ['response_type', 'code'],
    ['response_mode', mode],
    ['client_id', server.clientId],
    ['redirect_uri', redirectUri],
    ['scope', scopeOf(context.options, apis)],
    ...[...new Set(apis.map(({ audience }) => audience))].map((audience) => ['resource', audience]),
    ['prompt', signup && prompts?.includes('create') ? 'create' : prompt],
    ['login_hint', loginHint],
    ['connection', connection],
    ['acr_values', acr],
    ['max_age', maxAge],
    ['ui_locales', locale],
    ['state', state],
    ['nonce', nonce],
    ['code_challenge', await challenge(env.crypto, verifier)],
    ['code_challenge_method', 'S256'],
    // Its members are those of a thumbprint, in their order (RFC 7638 §3).
    ['dpop_jkt', key && (await challenge(env.crypto, JSON.stringify(key.jwk)))],
  ]);
  for (const [name, value] of all) if (value || value === 0) url.searchParams.append(name, String(value));
  return { url: url.href, state, verifier, nonce, key };
}

/**
 * Everything that is asked for.
 * @param {import('./symbolon.js').Options} options
 * @param {import('./urls.js').Api[]} apis
 */
function scopeOf({ scope = 'openid profile email offline_access' }, apis) {
  const scopes = [scope, ...apis.map((api) => api.scope)].join(' ').split(/\s+/);
  return [...new Set(scopes)].filter(Boolean).join(' ');
}

/**
 * The code of an answer. Throws what the issuer says instead, or that it is not from the issuer.
 * @param {Context} context
 * @param {URLSearchParams} answer whose `state` is ours
 */
function codeOf({ server, error }, answer) {
  if (ANSWER.some((name) => answer.getAll(name).length > 1) || answer.get('iss') !== server.issuer)
    throw error('invalid_callback', '', 'Malformed, or another issuer.');
  if (answer.has('error')) throw error(answer.get('error'));
  return answer.get('code') ?? '';
}

/**
 * Redeems the code of an answer. If that fails, whoever was signed in still is.
 * @param {Context} context
 * @param {URLSearchParams} answer
 * @param {Asked | undefined} asked
 */
export async function redeem(context, answer, asked) {
  const { tokens, apis, open, error } = context;
  if (!asked) throw error('unknown_state', '', 'That sign-in is over.');
  await open();
  await tokens.inTurn(async () => {
    try {
      const key = asked.key ?? (await tokens.store.takeKey?.(answer.get('state') ?? ''));
      const { json, saved } = await begin(context, codeOf(context, answer), { ...asked, key });
      await tokens.keep(json, { audience: apis[0]?.audience }, saved);
    } catch (thrown) {
      await tokens.load();
      throw thrown;
    }
  });
}

/**
 * @param {Context} context
 * @param {string} code
 * @param {Asked} asked
 * @returns {Promise<{ json: Json, saved: Omit<Saved, 'turn'> }>}
 */
async function begin({ server, redirectUri, options, apis, report, error, decode }, code, { verifier, nonce, key }) {
  server.key = key;
  const json = await server.token([
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['code_verifier', verifier],
    ['redirect_uri', redirectUri],
    ['resource', apis[0]?.audience],
  ]);
  const { id_token: idToken, access_token: token, scope = scopeOf(options, apis) } = json;
  const decoded = decode(idToken);
  const why = wrong(decoded, server, nonce);
  if (why) throw error('id_token', `wrong ${why}`);
  const asked = server.profile?.() ?? userinfo(server, token, decoded.claims);
  const claims = await asked.catch((thrown) => {
    if (thrown.code === 'login_required') throw thrown; // the cookies did not arrive
    report(thrown);
    return decoded.claims;
  });
  return { json, saved: { idToken, nonce, claims, scope, key } };
}

/**
 * What is known of the person, with the profile as it is now. Where that is all there is, nothing of the claims stays
 * beside it: it may be somebody else's.
 * @param {import('./server.js').Server} server
 * @param {string} token
 * @param {Json} claims of the ID token, whose `sub` the profile must have (OpenID Connect Core §5.3.2)
 * @returns {Promise<Json>}
 */
export async function userinfo(server, token, claims) {
  if (server.profile) return server.profile('in turn');
  const { userinfo_endpoint } = await server.metadata();
  if (!userinfo_endpoint) return claims;
  const { response, json } = await server.send(userinfo_endpoint, {}, (request) => server.authorized(request, token));
  if (!response.ok || json.sub !== claims.sub) throw new TypeError('userinfo of somebody else');
  return { ...claims, ...json };
}

/**
 * Forgets and revokes what there is, and goes to where the session ends. What a cookie keeps ends at the server or not
 * at all: until it has, nothing is forgotten.
 * @param {Context} context
 * @param {Saved | undefined} known
 * @param {{ returnTo?: string, everywhere?: boolean }} [options]
 * @param {() => void} [ended] is told that it has, where that is not clear from the beginning
 */
export async function signOut(context, known, { returnTo, everywhere } = {}, ended) {
  const { env, server, tokens, open, redirectUri, error } = context;
  await open();
  const saved = known ?? (await tokens.load());
  if (!server.profile) await tokens.end();
  const { end_session_endpoint, revocation_endpoint } = await server.metadata();
  /** What takes the place of an ID token that the page does not have. */
  let logoutHint;
  if (saved?.refreshToken && revocation_endpoint) {
    const late = new Promise((resolve) => env.setTimeout(resolve, REVOKE_WAIT_MS));
    const body = server.form([['token', saved.refreshToken], ['token_type_hint', 'refresh_token']]);
    const revoked = server.send(revocation_endpoint, { method: 'POST', body, keepalive: true }, server.sendToken);
    // One that cannot be revoked ends with the session, but for a cookie.
    const answered = await (server.profile ? revoked : Promise.race([revoked.catch(() => {}), late]));
    const { response, json } = /** @type {any} */ (answered) ?? {};
    if (server.profile && !response.ok)
      throw error('logout_failed', json.error, 'Still signed in. Call logout() again.');
    logoutHint = json?.logout_hint;
  }
  if (server.profile) {
    await tokens.end();
    ended?.();
  }
  const url = new URL(end_session_endpoint);
  const query = {
    ...(saved && !server.profile && { id_token_hint: saved.idToken }),
    ...(logoutHint && { logout_hint: logoutHint }),
    ...(everywhere && { everywhere: 'true' }),
    client_id: server.clientId,
    post_logout_redirect_uri: new URL(returnTo ?? redirectUri, env.location.href).href,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  await go(env, url.href);
}

/**
 * Navigates.
 * @param {Env} env
 * @param {string} url
 * @param {boolean} [silent] leave no history entry
 */
function go(env, url, silent) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      env.addEventListener('pageshow', (event) => event.persisted && resolve(), { once: true });
      if (silent) env.location.replace(url);
      else env.location.assign(url);
    })
  );
}

/** A sign-in this young is fresh, whatever an API says: nobody signs in in circles. */
const FRESH_SECS = 10;

/**
 * What an API's 401 asks the issuer for (RFC 9470 §3): a sign-in of a certain level, or one not long ago. Nothing if
 * the sign-in is what the API wants, for then a fresh token of it will do, or nothing will.
 * @param {Response} response
 * @param {Json} claims of the ID token
 * @param {number} now seconds by the server's clock
 * @returns {{ acr?: string, maxAge?: number } | undefined}
 */
export function missing(response, claims, now) {
  const challenge = response.headers.get('WWW-Authenticate') ?? '';
  const [, acr] = /\bacr_values="([^"]*)"/.exec(challenge) ?? [];
  const [, age] = /\bmax_age="?(\d+)/.exec(challenge) ?? [];
  const strong = acr === undefined || acr.split(' ').includes(claims.acr);
  const fresh = age === undefined || now - claims.auth_time <= Math.max(Number(age), FRESH_SECS);
  return strong && fresh ? undefined : { acr, maxAge: age === undefined ? undefined : Number(age) };
}
