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
 *
 * Where another page signs in by no part of this SDK (`/login` of a gateway), the browser has another session and this
 * page the token of the one before. It takes up the new one when it comes upon it, says so if it is somebody else's,
 * and sends nothing in the name of a person whom it did not show.
 */

import { base64url } from '../pkce.js';

/** @typedef {import('../tokens.js').Store} Store */
/** @typedef {import('../tokens.js').Saved} Saved */
/** @typedef {import('../server.js').Json} Json */
/** @typedef {Saved & { page?: string }} Known with the token of its session's pages, where it is news */
/** @typedef {{ turn: string, nonce: string, csrf: string, claims: Json, got: Saved['access'] }} Kept for all tabs */

const HEADER = 'X-CSRF-Token';
/** What a gateway calls a token of a page that is not of the session it comes with. */
const STALE = 'csrf_token';
const NOBODY = 'login_required';
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
  /** @type {Known | undefined} */
  let here;

  /**
   * Takes up the sign-in that the browser has instead of the one we knew. Whether it is of the same person.
   * @param {Json} json of `GET /session`
   */
  const adopt = async (json) => {
    const claims = claimsOf(json);
    const same = claims.sub === here?.claims.sub;
    const nonce = env.crypto.randomUUID();
    /** @type {Omit<Known, 'turn'>} */
    const next = { idToken: unsigned(claims), nonce, claims, scope: json.scope, page: json.csrf_token };
    await tokens.keep(asTokens(json), { audience: audiences[0] }, next);
    tokens.onRenewed();
    return same;
  };

  /**
   * Whether what was refused with this token of a page may be sent once more, with the one there is now.
   * @param {string} page
   * @param {string | undefined} sub whose it was
   */
  const anew = (page, sub) =>
    tokens.inTurn(async () => {
      const json = csrf === page ? await ask() : undefined;
      if (json && json.csrf_token !== page) await adopt(json);
      return csrf !== page && here?.claims.sub === sub;
    });

  /** undefined: nobody is signed in; null: it is blocked, and each page is on its own */
  const kept = async () => /** @type {Kept | undefined | null} */ (await record.load().catch(() => null));

  /** @param {Request} request @param {string} [page] the page's token */
  const withCookies = (request, page) => {
    const own = new env.Request(request, { credentials: 'include' });
    if (page) own.headers.set(HEADER, page);
    return own;
  };

  /**
   * What `GET /session` tells, if it is of this client; it may be of another sign-in than the one we know.
   * @returns {Promise<Json | undefined>}
   */
  const ask = async () => {
    const send = (/** @type {Request} */ asked) => server.fetch(withCookies(asked));
    const { response, json } = await server.send(`${server.base}/session`, {}, send);
    if (response.status === 401 || json.claims?.client_id !== server.clientId) return undefined;
    byUse = json.access_token_format === 'session';
    met = true;
    return json;
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
      if (!json) return answer({ error: 'invalid_grant' }, 400);
      if (json.csrf_token !== csrf) {
        const claims = claimsOf(json);
        if (claims.sub !== here?.claims.sub) {
          await adopt(json);
          return answer({ error: 'interaction_required' }, 400); // who wanted this did not mean somebody else
        }
        csrf = json.csrf_token;
        Object.assign(/** @type {Known} */ (here), { claims, nonce: env.crypto.randomUUID(), page: csrf });
      }
      return answer(asTokens(json));
    }
    const { url, signal } = request;
    const post = (/** @type {string} */ page) =>
      env.fetch(withCookies(new env.Request(url, {
        method: 'POST',
        body: form,
        cache: 'no-store',
        keepalive: !form.has('grant_type'), // signing out outlives the page
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal,
      }), page));
    const response = await post(csrf);
    if (!form.has('grant_type')) {
      if (response.ok) return response;
      // Who signs out means whoever is signed in. If that is nobody of this client's, another has taken the cookie's
      // place: there is nothing left to revoke here, and the issuer asks what is to become of the rest.
      const found = await ask();
      if (!found) return answer({});
      return found.csrf_token !== csrf ? post(found.csrf_token) : response;
    }
    if (!response.ok) return response;
    const json = await response.json();
    if (!json.csrf_token) return answer({ error: 'config' }, 400); // the client is not registered for cookies
    csrf = json.csrf_token;
    byUse = json.access_token_format === 'session';
    // A page that was loaded with an expired access token has not been told yet.
    if (renews && !met) {
      const told = await ask();
      // The new cookie signs nobody in: another was put beside it.
      if (!told) return answer({ error: NOBODY }, 400);
      json.user = told.user;
    }
    return answer(asTokens(json));
  };

  // One that asks for the page's token gets it: a WebSocket changes things, and its request is a GET.
  server.authorized = async (request, _, send = server.fetch) => {
    if (SAFE.test(request.method) && !request.headers.has(HEADER)) return send(withCookies(request), true);
    const [again, page, sub] = [request.clone(), csrf, here?.claims.sub];
    const response = await send(withCookies(request, page), true);
    if (response.status !== 403) return response;
    // What cannot be read may say so, too: a framework's client keeps the body to itself.
    const { error: why = '' } = await response.clone().json().catch(() => ({ error: STALE }));
    if (why !== STALE || !(await anew(page, sub).catch(() => false))) return response;
    return send(withCookies(again, csrf), true);
  };

  const profile = async () => {
    const json = await ask();
    if (!json) throw error(NOBODY);
    if (json.csrf_token !== csrf) await adopt(json);
    return claimsOf(json);
  };
  server.profile = (how) =>
    how
      ? tokens.inTurn(async () => {
          await tokens.load(); // what another tab has taken up meanwhile
          return profile();
        })
      : profile();

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
      // What is kept may be of a sign-in before this one.
      const known = found && (!json || json.csrf_token === found.csrf) ? found : undefined;
      const { turn, nonce } = known ?? { turn: env.crypto.randomUUID(), nonce: env.crypto.randomUUID() };
      const claims = json ? claimsOf(json) : /** @type {Kept} */ (found).claims;
      here = { turn, nonce, refreshToken: IN_COOKIE, idToken: unsigned(claims), claims, scope: json?.scope ?? '' };
      csrf = json?.csrf_token ?? /** @type {Kept} */ (found).csrf;
      if (json) {
        const expiresAt = env.Date.now() + json.expires_in * 1000;
        here.access = { [main]: { token: pass(), expiresAt, scope: json.scope } };
      }
      if (!known) await keep(here);
      return here;
    },
    save: async (saved, turn) => {
      const done = await keep(saved, turn);
      if (done) {
        here = saved;
        csrf = here?.page ?? csrf;
      }
      return done;
    },
  };

  /** @param {Known} [saved] @param {string} [turn] */
  function keep(saved, turn) {
    const claims = saved && Object.fromEntries(LASTING.map((name) => [name, saved.claims[name]]));
    const all = saved && { turn: saved.turn, nonce: saved.nonce, csrf: saved.page ?? csrf, claims, got: saved.access };
    return record.save(/** @type {any} */ (all), turn).catch(() => true);
  }
}

/** Claims in the shape of a JWT that nobody signed, for those who decode one. @param {Json} claims */
function unsigned(claims) {
  const part = (/** @type {Json} */ value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  return `${part({ alg: 'cookie' })}.${part(claims)}.`;
}
