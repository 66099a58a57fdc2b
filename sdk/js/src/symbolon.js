/**
 * Symbolon's browser SDK: authorization code with PKCE, tokens in memory, renewal by refresh-token rotation.
 *
 *     const auth = createAuth({ issuer, clientId, apis: { 'https://api.example.com': { scope: 'read:dragons' } } });
 *     await auth.start();
 *     if (auth.state.user) await auth.fetch('https://api.example.com/api/dragons');
 *
 * No script in this page can be kept from using a session while the page is open; what this SDK sees to is that
 * nothing is left in storage, URLs, errors or logs for one to take away.
 */

import { checkIdToken, decode, person } from './claims.js';
import { AuthError } from './errors.js';
import { Events } from './events.js';
import { arrive, depart } from './redirect.js';
import { Server } from './server.js';
import { Tabs } from './tabs.js';
import { Timer, Tokens } from './tokens.js';
import { matchApi, parseApis, sameOrigin, secureUrl } from './urls.js';

export { AuthError, decode };

/**
 * What the SDK needs of its surroundings: the global object in a browser, a fake in tests.
 * @typedef {typeof globalThis} Env
 */
/**
 * @typedef {object} Options
 * @property {string} issuer exactly as in the discovery document
 * @property {string} clientId
 * @property {string} [redirectUri] default: this origin and `/`
 * @property {Record<string, { audience?: string, scope?: string }>} [apis] base URL → its audience (default: the base
 *   URL itself) and scope; nothing else is ever sent a token. For now all share one audience: a sign-in is for one API
 * @property {string} [scope] default `openid profile email offline_access`
 * @property {'auto' | 'memory'} [storage] where tokens live; `auto` is `memory` for now
 * @property {(error: AuthError) => void} [onError] default: the console, once per code, but for what a person decided
 *   (`access_denied`, `login_required` and the like)
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
/** @typedef {'signed-in' | 'signed-out' | 'renewed' | 'renew-failed' | 'user-changed' | 'error'} EventName */

/** @typedef {{ tokens: Tokens, idToken: string, claims: Record<string, any>, nonce: string }} Session */

/** Answers to `prompt=none` that mean "ask the person", not "something broke" (OpenID Connect Core §3.1.2.6). */
const NEEDS_PERSON = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];
/** Failed renewals after which the sign-in is over; any other failure leaves it as it was. */
const OVER = ['invalid_grant', 'login_required', 'id_token'];
/** A token handed out is good for at least this long. */
const MIN_TTL_SECS = 10;
/** How long signing out waits for the revocation; leaving matters more, and ends the session anyway. */
const REVOKE_WAIT_MS = 2000;

/** @type {Omit<State, 'status'>} */
const NOBODY = { user: null, scopes: [], roles: [], expiresAt: null, error: null };

/**
 * The SDK for one client of one issuer. Throws an AuthError `config` for options that cannot work.
 * @param {Options} options
 * @param {Env} [env] for tests
 */
export const createAuth = (options, env = globalThis) => new Auth(options, env);

/** Made by createAuth(). Methods may be passed around unbound. */
export class Auth {
  /** @type {State} */
  #state = Object.freeze({ ...NOBODY, status: 'loading' });
  /** @type {Promise<State> | undefined} */
  #starting;
  /** @type {Promise<void> | undefined} set while the page is on its way elsewhere */
  #leaving;
  /** @type {Session | undefined} */
  #session;
  /** What a person decides is not for the console. */
  #reported = new Set(['access_denied', ...NEEDS_PERSON]);

  /** @param {Options} options @param {Env} env */
  constructor(options, env) {
    const { issuer, clientId, apis = {}, storage = 'auto', scope = 'openid profile email offline_access' } = options;
    secureUrl(issuer, 'issuer');
    if (!clientId) throw new AuthError('config', 'clientId is missing');
    if (storage !== 'auto' && storage !== 'memory')
      throw new AuthError('config', `storage '${storage}' is not available`);
    this.#env = env;
    this.#options = options;
    this.#redirectUri = new URL(options.redirectUri ?? '/', env.location.href).href;
    this.#apis = parseApis(apis);
    this.#audience = this.#apis[0]?.audience;
    if (this.#apis.some((api) => api.audience !== this.#audience))
      throw new AuthError('config', 'apis must share one audience');
    const scopes = [scope, ...this.#apis.map((api) => api.scope)].join(' ').split(/\s+/);
    this.#scope = [...new Set(scopes)].filter(Boolean).join(' ');
    this.#prefix = `symbolon:${clientId}@${issuer}:`;
    this.#events = new Events(env);
    this.#server = new Server(env, issuer, clientId);
    this.#tabs = new Tabs(env, this.#prefix, () => this.#session && this.#signedOut('other-tab'));
    this.#timer = new Timer(env, () => this.#renew(), (error) => this.#events.emit('renew-failed', { error }));
  }

  #env;
  #options;
  #redirectUri;
  /** @type {import('./urls.js').Api[]} */
  #apis;
  #audience;
  #scope;
  #prefix;
  #events;
  #server;
  #tabs;
  #timer;

  /** The current snapshot. */
  get state() {
    return this.#state;
  }

  /** The person signed in, or null. */
  get user() {
    return this.#state.user;
  }

  /** @param {string} scope */
  hasScope = (scope) => this.#state.scopes.includes(scope);

  /** @param {string} role */
  hasRole = (role) => this.#state.roles.includes(role);

  /** Reads a JWT for display; nothing is verified. */
  decode = decode;

  /**
   * Calls `fn` now and after every change.
   * @param {(state: State) => void} fn
   * @returns {() => void} unsubscribe
   */
  subscribe = (fn) => {
    const off = this.#events.on('state', fn);
    fn(this.#state);
    return off;
  };

  /**
   * @param {EventName} event
   * @param {(detail: any) => void} fn
   * @returns {() => void} off
   */
  on = (event, fn) => this.#events.on(event, fn);

  /**
   * Finishes a sign-in that has come back to this page, or restores the one from before a reload. Call it first thing,
   * as often as you like. Never rejects: look at `state`. While the page is on its way to the issuer it stays pending.
   * @returns {Promise<State>}
   */
  start = () => (this.#starting ??= this.#start());

  async #start() {
    // Before anything else: this takes the code out of the URL.
    const answer = arrive(this.#env, this.#prefix, this.#server.issuer, this.#redirectUri);
    for (const event of ['visibilitychange', 'online']) this.#env.addEventListener(event, () => this.#timer.check());
    try {
      if (answer?.transaction && answer.code) await this.#redeem(answer.code, answer.transaction);
      else if (answer?.error) this.#refused(answer.error, answer.transaction?.silent);
      else if (this.#tabs.wasSignedIn) await this.#restore();
    } catch (error) {
      this.#failed(error);
    }
    if (this.#state.status === 'loading') this.#set({ ...NOBODY, status: 'signed-out' });
    return this.#state;
  }

  /** @param {string} code @param {import('./redirect.js').Transaction} transaction */
  async #redeem(code, { verifier, nonce }) {
    this.#tabs.remember(); // a reload during the exchange restores instead of starting over
    const json = await this.#server.token([
      ['grant_type', 'authorization_code'],
      ['code', code],
      ['code_verifier', verifier],
      ['redirect_uri', this.#redirectUri],
      ['resource', this.#audience],
    ]);
    const claims = checkIdToken(json.id_token, this.#server, nonce);
    const tokens = new Tokens(this.#server, (renewed) => this.#renewed(tokens, renewed));
    const access = tokens.adopt(json, this.#scope);
    const profile = await this.#server.userinfo(access.token, claims.sub).catch((error) => void this.#report(error));
    this.#signedIn({ tokens, nonce, idToken: json.id_token, claims: { ...claims, ...profile } });
    this.#events.emit('signed-in', { user: this.user });
  }

  async #restore() {
    if (this.#tabs.mayTry()) await this.#depart({ silent: true, returnTo: this.#env.location.href, prompt: 'none' });
    else throw new AuthError('restore_loop');
  }

  /** @param {AuthError} error @param {boolean} [silent] */
  #refused(error, silent) {
    if (!silent || !NEEDS_PERSON.includes(error.code)) throw error;
    this.#tabs.forget();
  }

  /** @param {any} thrown */
  #failed(thrown) {
    const error = this.#report(thrown);
    // Nothing is concluded from silence, and a stale or forged answer says nothing about this person.
    const unsure = error.code === 'network';
    if (!unsure && error.code !== 'unknown_state' && error.code !== 'restore_loop') this.#tabs.forget();
    this.#set({ ...NOBODY, status: unsure ? 'error' : 'signed-out', error });
  }

  /**
   * Goes to the sign-in page. Stays pending while the page leaves; rejects if it cannot leave.
   * @param {{ returnTo?: string, prompt?: string, loginHint?: string }} [options] `returnTo`: a place of this origin,
   *   default the current one
   */
  login = ({ returnTo = this.#env.location.href, prompt, loginHint } = {}) =>
    (this.#leaving ??= this.#depart({ returnTo, prompt, loginHint, silent: false }).finally(
      () => (this.#leaving = undefined),
    ));

  /** @param {{ returnTo: string, silent: boolean, prompt?: string, loginHint?: string }} options */
  async #depart({ returnTo, silent, prompt, loginHint }) {
    const { authorization_endpoint } = await this.#server.metadata();
    /** @type {[string, string | undefined][]} */
    const params = [
      ['response_type', 'code'],
      ['client_id', this.#options.clientId],
      ['redirect_uri', this.#redirectUri],
      ['scope', this.#scope],
      ['prompt', prompt],
      ['login_hint', loginHint],
      ['resource', this.#audience],
    ];
    const back = sameOrigin(returnTo, this.#env.location.href, this.#redirectUri);
    const url = await depart(this.#env, this.#prefix, authorization_endpoint, params, { returnTo: back, silent });
    await this.#leave(url, silent);
  }

  /**
   * Navigates. Resolves only if the page is shown again from the back/forward cache.
   * @param {string} url @param {boolean} [replace] leave no history entry
   */
  #leave(url, replace) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        this.#env.addEventListener('pageshow', (event) => event.persisted && resolve(), { once: true });
        if (replace) this.#env.location.replace(url);
        else this.#env.location.assign(url);
      })
    );
  }

  /**
   * Signs out here, in the other tabs and at the issuer. Stays pending while the page leaves.
   * @param {{ returnTo?: string }} [options] a registered post-logout redirect URI, default `redirectUri`
   */
  logout = ({ returnTo = this.#redirectUri } = {}) =>
    (this.#leaving ??= this.#logout(returnTo).finally(() => (this.#leaving = undefined)));

  /** @param {string} returnTo */
  async #logout(returnTo) {
    await undefined; // listeners that call login() must find us leaving
    const session = this.#session;
    this.#tabs.announceSignOut();
    this.#signedOut('logout');
    const { end_session_endpoint } = await this.#server.metadata();
    const refreshToken = session?.tokens.refreshToken;
    if (refreshToken) {
      const late = new Promise((resolve) => this.#env.setTimeout(resolve, REVOKE_WAIT_MS));
      await Promise.race([this.#server.revoke(refreshToken).catch((error) => this.#report(error)), late]);
    }
    const url = new URL(secureUrl(end_session_endpoint, 'end_session_endpoint'));
    if (session) url.searchParams.set('id_token_hint', session.idToken);
    url.searchParams.set('client_id', this.#options.clientId);
    url.searchParams.set('post_logout_redirect_uri', new URL(returnTo, this.#env.location.href).href);
    await this.#leave(url.href);
  }

  /**
   * `fetch`, with an access token for URLs of a configured API and for no others. A 401 renews once and tries once
   * more. Signed out, or with an Authorization header of your own, it is plain `fetch`.
   * @param {RequestInfo | URL} input
   * @param {RequestInit & { send?: (request: Request) => Promise<Response> }} [init] `send`: a framework's own HTTP
   *   client, which carries the requests instead of the browser's `fetch`
   * @returns {Promise<Response>}
   */
  fetch = async (input, init) => {
    const send = init?.send ?? this.#env.fetch;
    const attempt = (/** @type {Request} */ one, /** @type {{ token: string }} */ { token }) => {
      one.headers.set('Authorization', `Bearer ${token}`);
      return send(one);
    };
    const request = new this.#env.Request(input, init); // resolves relative URLs exactly as fetch will
    if (!matchApi(this.#apis, request.url) || request.headers.has('Authorization')) return send(request);
    await this.#starting;
    if (!this.#session) return send(request);
    const again = request.clone();
    const access = await this.#token({});
    const response = await attempt(request, access);
    if (response.status !== 401) return response;
    const renewed = await this.#token({ stale: access.token }).catch(() => undefined);
    return renewed ? attempt(again, renewed) : response;
  };

  /**
   * An access token, for what `fetch` cannot do (a WebSocket, a library). Keep it nowhere.
   * @param {{ api?: string, scope?: string, minTtl?: number }} [options] `api`: a URL of a configured API; `scope`:
   *   fewer scopes than granted; `minTtl`: seconds it must still live, default 10
   * @returns {Promise<string>} rejects with `login_required` when nobody is signed in
   */
  token = async ({ api, scope, minTtl } = {}) => {
    await this.#starting;
    if (api !== undefined && !matchApi(this.#apis, api)) throw new AuthError('config', `${api} is not in apis`);
    return (await this.#token({ scope, minTtl })).token;
  };

  /** @param {{ scope?: string, minTtl?: number, stale?: string }} options */
  async #token({ scope, minTtl = MIN_TTL_SECS, stale }) {
    const session = this.#session;
    if (!session) throw new AuthError('login_required');
    try {
      const access = await session.tokens.get({ scope, minTtl, stale });
      if (this.#session === session) return access;
    } catch (thrown) {
      const error = /** @type {AuthError} */ (thrown);
      if (!OVER.includes(error.code)) throw this.#report(error);
      if (this.#session === session) this.#signedOut('expired');
    }
    throw new AuthError('login_required');
  }

  /** Renews ahead of time. */
  #renew() {
    return this.#token({ stale: this.#session?.tokens.peek()?.token });
  }

  /** @param {Tokens} tokens @param {import('./server.js').Json} json */
  #renewed(tokens, json) {
    const session = this.#session;
    if (session?.tokens !== tokens) return; // signed out meanwhile
    if (json.id_token) {
      const { nonce, claims } = session;
      session.claims = { ...claims, ...checkIdToken(json.id_token, this.#server, nonce, claims.sub) };
      session.idToken = json.id_token;
    }
    const before = JSON.stringify(this.user);
    this.#signedIn(session);
    this.#events.emit('renewed', { expiresAt: this.#state.expiresAt });
    if (JSON.stringify(this.user) !== before) this.#events.emit('user-changed', { user: this.user });
  }

  /** @param {Session} session */
  #signedIn(session) {
    this.#session = session;
    const access = /** @type {import('./tokens.js').Access} */ (session.tokens.peek());
    this.#timer.schedule(access.expiresAt);
    /** @type {Readonly<Record<string, any>>} */
    const user = Object.freeze(person(session.claims));
    this.#set({
      status: 'signed-in',
      user,
      scopes: access.scope.split(' '),
      roles: user.roles ?? rolesOf(access.token),
      expiresAt: access.expiresAt,
      error: null,
    });
  }

  /** @param {'logout' | 'expired' | 'other-tab'} reason */
  #signedOut(reason) {
    const was = this.#session;
    this.#session = undefined;
    this.#timer.stop();
    this.#set({ ...NOBODY, status: 'signed-out' });
    if (was) this.#events.emit('signed-out', { reason });
  }

  /** @param {State} state */
  #set(state) {
    this.#state = Object.freeze(state);
    this.#events.emit('state', this.#state);
  }

  /**
   * Tells of an error; by default on the console, once per code. Nothing in an AuthError is secret.
   * @param {any} thrown
   * @returns {AuthError}
   */
  #report(thrown) {
    const error = thrown instanceof AuthError ? thrown : new AuthError('server', thrown?.name);
    this.#events.emit('error', { error });
    if (this.#options.onError) this.#options.onError(error);
    else if (!this.#reported.has(error.code)) this.#env.console.error(`symbolon: ${error.message}`);
    this.#reported.add(error.code);
    return error;
  }
}

/** @param {string} accessToken @returns {string[]} roles it names, if it is a JWT one can read */
function rolesOf(accessToken) {
  try {
    const { roles } = decode(accessToken).claims;
    return Array.isArray(roles) ? roles : [];
  } catch {
    return [];
  }
}
