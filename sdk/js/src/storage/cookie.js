/**
 * `cookie`: the tokens are HttpOnly cookies, which no script can read. For an app of the issuer's site, registered with
 * `--delivery cookie`.
 *
 * The issuer answers with claims and never with a token, and so this page has none: where the others keep an access
 * token, here is the token of the session's pages (CSRF), which goes with requests that change something and is of no
 * use without the cookies. After a reload `GET /session` tells who is signed in. IndexedDB has the page's token and
 * whose sign-in it is of, so that one can be renewed whose access token has run out, and how long the renewed one is
 * good: whoever waited for another tab's renewal finds it there in one transaction. localStorage and the channel
 * reach other processes when they please, which may be after the lock.
 */

import { base64url } from '../pkce.js';

/** @typedef {import('../tokens.js').Store} Store */
/** @typedef {import('../tokens.js').Saved} Saved */
/** @typedef {import('../server.js').Json} Json */
/** @typedef {{ turn: string, nonce: string, csrf: string, claims: Json, got: Saved['access'] }} Kept for all tabs */

const HEADER = 'X-CSRF-Token';
const SAFE = /^(GET|HEAD|OPTIONS)$/;
/** Stands where the others have a refresh token. */
const IN_COOKIE = 'cookie';
/** Of these a renewed sign-in must have the same (OpenID Connect Core §12.2). */
const LASTING = ['iss', 'sub', 'aud', 'auth_time'];

/**
 * @param {import('../sign-in.js').Context} context
 * @param {Pick<Store, 'load' | 'save'>} record for all tabs
 * @returns {Store}
 */
export function cookies({ env, server, tokens, apis, error }, record) {
  const audiences = [...new Set(apis.map(({ audience }) => audience))];
  if (audiences.length > 1) throw error('config', 'one cookie is for one audience');
  const main = `${audiences[0] ?? ''} `;
  /** The token of the session's pages. */
  let csrf = '';
  /** Whether the server renews by use instead of a refresh token. */
  let byUse = false;
  /** Whether the server has told who the person is since the page was loaded. */
  let met = false;
  /** @type {Saved | undefined} */
  let here;

  /** undefined: nobody is signed in; null: it is blocked, and each page is on its own */
  const kept = async () => /** @type {Kept | undefined | null} */ (await record.load().catch(() => null));

  /** @param {Request} request @param {string} [page] the page's token */
  const withCookies = (request, page) => {
    const own = new env.Request(request, { credentials: 'include' });
    if (page) own.headers.set(HEADER, page);
    return own;
  };

  /** What `GET /session` tells, if it is of this client. @returns {Promise<Json | undefined>} */
  const ask = async () => {
    const send = (/** @type {Request} */ asked) => server.fetch(withCookies(asked));
    const { response, json } = await server.send(`${server.base}/session`, {}, send);
    if (response.status === 401 || json.claims?.client_id !== server.clientId) return undefined;
    heard(json);
    met = true;
    return json;
  };

  /** @param {Json} json */
  const heard = ({ csrf_token, access_token_format }) => {
    csrf = csrf_token;
    byUse = access_token_format === 'session';
  };

  /** The person and the sign-in, as an ID token would say. @param {Json} json */
  const claimsOf = ({ claims, id_token_claims, user }) => {
    const { iss, sub, exp, iat, auth_time, acr, amr, sid, roles = [] } = claims;
    const nonce = id_token_claims?.nonce;
    return { ...user, iss, sub, aud: server.clientId, exp, iat, auth_time, acr, amr, sid, roles, nonce };
  };

  /** Never the same twice, so that one can tell a renewed sign-in. */
  const pass = () => `${csrf} ${env.crypto.randomUUID()}`;

  /** An answer in the words of a token answer, without any token in it. @param {Json} json */
  const asTokens = (json) => ({
    access_token: pass(),
    refresh_token: IN_COOKIE,
    token_type: 'Bearer',
    expires_in: json.expires_in,
    scope: json.scope,
    id_token: unsigned(claimsOf(json)),
  });

  /** @param {Json} json @param {number} [status] */
  const answer = (json, status) => new Response(JSON.stringify(json), { status });

  server.sendToken = async (request) => {
    const form = new URLSearchParams(await request.text());
    const renews = form.get('grant_type') === 'refresh_token';
    for (const name of ['refresh_token', 'token']) if (form.get(name) === IN_COOKIE) form.delete(name);
    if (renews && byUse) {
      const json = await ask();
      return json ? answer(asTokens(json)) : answer({ error: 'invalid_grant' }, 400);
    }
    const { url, signal } = request;
    const response = await env.fetch(withCookies(new env.Request(url, {
      method: 'POST',
      body: form,
      cache: 'no-store',
      keepalive: !form.has('grant_type'), // signing out outlives the page
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal,
    }), csrf));
    if (!response.ok || !form.has('grant_type')) return response;
    const json = await response.json();
    if (!json.csrf_token) return answer({ error: 'config' }, 400); // the client is not registered for cookies
    heard(json);
    // A page that was loaded with an expired access token has not been told yet.
    if (renews && !met) json.user = (await ask())?.user;
    return answer(asTokens(json));
  };

  // One that asks for the page's token gets it: a WebSocket changes things, and its request is a GET.
  server.authorized = (request, _, send = server.fetch) =>
    send(withCookies(request, SAFE.test(request.method) && !request.headers.has(HEADER) ? undefined : csrf), true);

  server.profile = async () => (await ask())?.user ?? {};

  // There is none to hand out: only `token()` says which scopes.
  const get = tokens.get.bind(tokens);
  tokens.get = async (want, ...more) => {
    if ('scope' in want) throw error('config', 'the tokens are cookies');
    return get(want, ...more);
  };

  return {
    shared: true,
    load: async () => {
      const found = await kept();
      if (found === undefined && here) return (here = undefined); // signed out by another tab
      if (here && (!found || found.turn === here.turn)) return here;
      // Another tab has renewed, and left what it got.
      if (here && found?.nonce === here.nonce) {
        csrf = found.csrf;
        return (here = { ...here, turn: found.turn, access: found.got });
      }
      const json = await ask();
      if (!json && !found) return undefined;
      const { turn = env.crypto.randomUUID(), nonce = json?.claims.sid } = found ?? {};
      const claims = json ? claimsOf(json) : /** @type {Kept} */ (found).claims;
      here = { turn, nonce, refreshToken: IN_COOKIE, idToken: unsigned(claims), claims, scope: json?.scope ?? '' };
      if (!json) csrf = /** @type {Kept} */ (found).csrf;
      else {
        const expiresAt = env.Date.now() + json.expires_in * 1000;
        here.access = { [main]: { token: pass(), expiresAt, scope: json.scope } };
      }
      if (!found) await keep(here);
      return here;
    },
    save: async (saved, turn) => {
      const done = await keep(saved, turn);
      if (done) here = saved;
      return done;
    },
  };

  /** @param {Saved} [saved] @param {string} [turn] */
  function keep(saved, turn) {
    const claims = saved && Object.fromEntries(LASTING.map((name) => [name, saved.claims[name]]));
    const all = saved && { turn: saved.turn, nonce: saved.nonce, csrf, claims, got: saved.access };
    return record.save(/** @type {any} */ (all), turn).catch(() => true);
  }
}

/** Claims in the shape of a JWT that nobody signed, for those who decode one. @param {Json} claims */
function unsigned(claims) {
  const part = (/** @type {Json} */ value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  return `${part({ alg: 'cookie' })}.${part(claims)}.`;
}
