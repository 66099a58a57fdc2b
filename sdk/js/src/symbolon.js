/**
 * Symbolon's browser SDK: authorization code with PKCE, renewal by refresh-token rotation, tokens bound to a key that
 * cannot leave the browser.
 *
 *     const auth = createAuth({ issuer, clientId, apis: { 'https://api.example.com': { scope: 'read:dragons' } } });
 *     await auth.start();
 *     if (auth.state.user) await auth.fetch('https://api.example.com/api/dragons');
 *
 * No script in this page can be kept from using a session while the page is open; what this SDK sees to is that
 * nothing is left in storage, URLs, errors or logs that would serve one elsewhere.
 */

import { arrive } from './callback.js';
import { decode, person } from './claims.js';
import { AuthError, oauthCode, PERSONAL } from './errors.js';
import { Events } from './events.js';
import { once, Server } from './server.js';
import { Tabs } from './tabs.js';
import { Timer, Tokens } from './tokens.js';
import { matchApi, parseApis, secureUrl } from './urls.js';

export { AuthError, decode };

/**
 * What the SDK needs of its surroundings: the global object in a browser, a fake in tests.
 * @typedef {typeof globalThis} Env
 */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./options.js').Login} Login */
/** @typedef {import('./options.js').State} State */
/** @typedef {'signed-in' | 'signed-out' | 'renewed' | 'renew-failed' | 'user-changed' | 'error'} EventName */
/** @typedef {import('./tokens.js').Saved} Saved */
/** @typedef {import('./tokens.js').Want} Want */

/** Answers to `prompt=none` that mean "ask the person", not "something broke" (OpenID Connect Core §3.1.2.6). */
const NEEDS_PERSON = /_required$/;
/** Failed renewals after which the sign-in is over; any other failure leaves it as it was. */
const OVER = ['invalid_grant', 'login_required', 'id_token'];
/** A token handed out is good for at least this long. */
const MIN_TTL_SECS = 10;

/** @type {Omit<State, 'status'>} */
const NOBODY = { user: null, scopes: [], roles: [], expiresAt: null, error: null };

/** @type {Record<string, Auth>} by their options */
const made = {};

/**
 * The SDK for one client of one issuer. The same options give the same one again, so a page that mounts twice signs in
 * once. Throws an AuthError `config` for options that cannot work.
 * @param {Options} options
 * @param {Env} [env] for tests, each a page of its own
 */
export function createAuth(options, env) {
  return env ? new Auth(options, env) : (made[JSON.stringify(options)] ??= new Auth(options, globalThis));
}

/** Made by createAuth(). Methods may be passed around unbound. */
export class Auth {
  /** @type {State} */
  #state = Object.freeze({ ...NOBODY, status: 'loading' });
  /** @type {Promise<State> | undefined} */
  #starting;
  /** @type {Promise<void> | undefined} set while the page is on its way elsewhere */
  #leaving;
  #reported = new Set();

  /** @param {Options} options @param {Env} env */
  constructor(options, env) {
    const { issuer, clientId, apis = {}, storage = 'auto', tabs = 'shared' } = options;
    AuthError.home = ''; // of no other client's issuer
    secureUrl(issuer, 'issuer');
    this.#server = new Server(env, issuer, clientId);
    AuthError.home = `${this.#server.base}/sdk/v1/errors.html#`;
    for (const name in options)
      known(name, name, 'issuer clientId redirectUri apis scope storage dpop renew tabs onError');
    known('storage', storage, 'auto cookie memory session local');
    // All tabs have one cookie.
    known('tabs', tabs, storage === 'cookie' ? 'shared' : 'shared isolated');
    if (!clientId) throw new AuthError('config', 'clientId is missing');
    this.#env = env;
    this.#options = options;
    this.#apis = parseApis(apis);
    this.#main = { audience: this.#apis[0]?.audience };
    const alone = tabs === 'isolated' ? ownTab(env) : '';
    const prefix = `symbolon:${clientId}@${issuer}:${alone}`;
    this.#events = new Events(env);
    const mark = alone ? 'sessionStorage' : 'localStorage';
    this.#tabs = new Tabs(env, prefix, mark, (data) => this.#told(data).catch(this.#report));
    this.#tokens = new Tokens(this.#server, this.#tabs, () => this.#renewed());
    this.#timer = new Timer(env, options.renew ?? {}, () => this.#renew(), (error) =>
      this.#events.emit('renew-failed', { error }),
    );
    this.#context = {
      env,
      prefix,
      options,
      apis: this.#apis,
      server: this.#server,
      tokens: this.#tokens,
      open: this.#open,
      redirectUri: new URL(options.redirectUri ?? '/', env.location.href).href,
      decode,
      error: (code, detail, hint) => new AuthError(oauthCode(code), detail, hint),
      report: this.#report,
    };
  }

  #env;
  #options;
  /** @type {import('./sign-in.js').Context} */
  #context;
  /** @type {import('./urls.js').Api[]} */
  #apis;
  /** @type {Want} the token of the first API, by which one sees whether the sign-in goes on */
  #main;
  #events;
  #server;
  #tabs;
  #tokens;
  #timer;

  /** The current snapshot. */
  get state() {
    return this.#state;
  }

  /** The person signed in, or null. */
  get user() {
    return this.#state.user;
  }

  /** Whether all of these are granted. @param {string[]} scopes */
  hasScope = (...scopes) => scopes.every((scope) => this.#state.scopes.includes(scope));

  /** Whether the person has all of these. @param {string[]} roles */
  hasRole = (...roles) => roles.every((role) => this.#state.roles.includes(role));

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
    const arrival = arrive(this.#env, this.#context.prefix, this.#context.redirectUri);
    for (const event of ['visibilitychange', 'online']) this.#env.addEventListener(event, () => this.#timer.check());
    // Frozen pages hear nothing.
    this.#env.addEventListener('pageshow', () => this.#tabs.mark() === null && this.#signedOut('other-tab'));
    try {
      if (arrival) await this.#arrived(arrival);
      else if (this.#tabs.mark() && !(await this.#restore()))
        await this.#depart({ silent: true, prompt: 'none' }); // asks the issuer, without troubling the person
    } catch (error) {
      // An answer that brings nothing leaves whoever was signed in before.
      if (arrival && (await this.#restore().catch(() => false))) this.#report(error);
      else this.#failed(error, arrival?.transaction?.silent);
    }
    if (this.#state.status === 'loading') this.#set({ status: 'signed-out' });
    return this.#state;
  }

  /** Decides where tokens are kept, and loads what that takes. */
  #open = once(async () => {
    // cookie, session, local: without the proofs
    const plain = /^[csl]/.test(/** @type {any} */ (this.#options.storage));
    const part = plain ? import('./storage/plain.js') : import('./storage/bound.js');
    const { open } = await part.catch(offline);
    this.#tokens.store = await open(this.#context, this.#options);
  });

  /** @param {import('./callback.js').Arrival} arrival */
  async #arrived({ answer, transaction }) {
    if (transaction) this.#tabs.mark('1'); // a reload during the exchange restores instead of starting over
    const { redeem } = await signIn();
    await redeem(this.#context, answer, transaction);
    this.#signedIn();
  }

  /** Takes up what was kept. Whether there was something that still counts. */
  async #restore() {
    await this.#open();
    if (!(await this.#tokens.inTurn(() => this.#tokens.load()))) return false;
    try {
      await this.#tokens.get(this.#main, MIN_TTL_SECS);
    } catch (/** @type {any} */ error) {
      if (!OVER.includes(error.code)) throw error;
      await this.#tokens.end(this.#tokens.saved?.turn);
      return false;
    }
    if (this.#state.status !== 'signed-in') this.#signedIn();
    return true;
  }

  /** @param {any} thrown @param {boolean} [silent] */
  #failed(thrown, silent) {
    // Nothing is concluded from silence, and a stale or forged answer says nothing about this person.
    const unsure = thrown.code === 'network';
    if (!unsure && !/^(unknown_state|restore_loop)$/.test(thrown.code)) this.#tabs.mark('');
    if (silent && NEEDS_PERSON.test(thrown.code)) return;
    const error = this.#report(thrown);
    this.#set({ status: unsure ? 'error' : 'signed-out', error });
    this.#timer.failed(error);
  }

  /**
   * Goes to the sign-in page. Stays pending while the page leaves; rejects if it cannot leave.
   * @param {Login} [options]
   */
  login = (options = {}) => this.#away(() => this.#depart(options));

  /**
   * Asks for a stronger or fresher sign-in (RFC 9470), and comes back here.
   * @type {(options: { acr?: string, maxAge?: number, returnTo?: string }) => Promise<void>}
   */
  stepUp = this.login;

  /**
   * Signs in in a window of its own; the page stays. Call it straight from a click.
   * @param {Login} [options] without `returnTo`
   * @returns {Promise<State>} rejects with `popup_blocked`, `popup_closed`, `popup_unsupported` or what the issuer says
   */
  loginPopup = async (options = {}) => {
    const popup = this.#server.windows ? this.#env.open('', '', 'width=480,height=720') : undefined;
    try {
      const { ask, redeem } = await signIn();
      const asked = await ask(this.#context, popup, options);
      await redeem(this.#context, asked.answer, asked);
      this.#signedIn();
      return this.#state;
    } catch (error) {
      throw this.#report(error);
    } finally {
      popup?.close();
    }
  };

  /** @param {Login & { silent?: boolean }} options */
  async #depart(options) {
    const { depart } = await signIn();
    await depart(this.#context, options);
  }

  /**
   * Signs out here, in the other tabs and at the issuer. Stays pending while the page leaves; rejects if it cannot.
   * Cookies that the issuer did not end leave the person signed in.
   * @param {{ returnTo?: string, everywhere?: boolean }} [options] `returnTo`: a registered post-logout redirect URI,
   *   default `redirectUri`; `everywhere`: on all of the person's devices
   */
  logout = (options) =>
    this.#away(async () => {
      await undefined; // listeners that call login() must find us leaving
      const { saved } = this.#tokens;
      const ended = () => {
        this.#signedOut('logout');
        this.#tabs.mark('');
        this.#tabs.tell('signed-out');
      };
      if (!this.#server.profile) ended();
      const { signOut } = await signIn();
      await signOut(this.#context, saved, options, ended).catch(this.#fail);
    });

  /** One departure at a time. @param {() => Promise<void>} depart */
  #away(depart) {
    return (this.#leaving ??= depart().finally(() => (this.#leaving = undefined)));
  }

  /**
   * `fetch`, with an access token for URLs of a configured API and for no others. A 401 renews once and tries once
   * more; an API that wants a stronger or fresher sign-in gets it, by way of the issuer. Signed out, or with an
   * Authorization header of your own, it is plain `fetch`.
   * @param {RequestInfo | URL} input
   * @param {RequestInit & { stepUp?: 'manual', send?: import('./server.js').Send }} [init] `stepUp: 'manual'` gives you
   *   the API's answer instead; `send`: a framework's own HTTP client, which carries the requests instead of `fetch`
   * @returns {Promise<Response>}
   */
  fetch = async (input, init) => {
    const send = init?.send ?? this.#server.fetch;
    const request = new this.#env.Request(input, init); // resolves relative URLs exactly as fetch will
    const api = matchApi(this.#apis, request.url);
    if (!api || request.headers.has('Authorization')) return send(request);
    await this.#starting;
    if (!this.#tokens.saved) return send(request);
    const want = { audience: api.audience };
    const again = request.clone();
    const access = await this.#token(want);
    let response = await this.#server.authorized(request, access.token, send);
    if (response.status !== 401 || (await this.#stepsUp(response, init))) return response;
    const renewed = await this.#token(want, MIN_TTL_SECS, access.token).catch(() => undefined);
    if (!renewed) return response;
    response = await this.#server.authorized(again, renewed.token, send);
    await this.#stepsUp(response, init);
    return response;
  };

  /**
   * Leaves for a stronger sign-in, if that is what the API wants and there is not.
   * @param {Response} response
   * @param {{ stepUp?: string }} [init]
   */
  async #stepsUp(response, init) {
    const { saved } = this.#tokens;
    const wanted = response.headers.get('WWW-Authenticate')?.includes('="insufficient_user_');
    if (!wanted || !saved || init?.stepUp === 'manual') return false;
    const { missing } = await signIn();
    const asked = missing(response, saved.claims, this.#server.now);
    if (asked) await this.stepUp(asked).catch(this.#report);
    return asked !== undefined;
  }

  /**
   * An access token, for what `fetch` cannot do (a WebSocket, a library). Keep it nowhere.
   * @param {{ api?: string, scope?: string, minTtl?: number }} [options] `api`: a URL of a configured API, default the
   *   first; `scope`: fewer scopes than granted; `minTtl`: seconds it must still live, default 10
   * @returns {Promise<string>} rejects with `login_required` when nobody is signed in
   */
  token = async ({ api, scope, minTtl } = {}) => {
    await this.#starting;
    const found = api === undefined ? this.#main : matchApi(this.#apis, api);
    if (!found) throw new AuthError('config', `${api} is not in apis`);
    return (await this.#token({ audience: found.audience, scope }, minTtl)).token;
  };

  /** @param {Want} want @param {number} [minTtl] @param {string} [stale] */
  async #token(want, minTtl = MIN_TTL_SECS, stale) {
    const { saved } = this.#tokens;
    if (!saved) throw new AuthError('login_required');
    try {
      const access = await this.#tokens.get(want, minTtl, stale);
      if (this.#tokens.saved?.nonce === saved.nonce) return access;
    } catch (/** @type {any} */ error) {
      if (!OVER.includes(error.code)) throw this.#report(error);
      const now = this.#tokens.saved;
      this.#signedOut(now ? 'expired' : 'other-tab');
      if (now && (await this.#tokens.end(now.turn))) this.#tabs.tell('signed-out');
    }
    throw new AuthError('login_required');
  }

  /** Asks who the person is once more: what was changed shows at once. */
  refreshUser = async () => {
    const { userinfo } = await signIn();
    const { token } = await this.#token(this.#main);
    const claims = await userinfo(this.#server, token, /** @type {Saved} */ (this.#tokens.saved).claims);
    const saved = /** @type {Saved} */ (this.#tokens.saved); // of somebody else, perhaps, who has signed in meanwhile
    if (saved?.claims.sub === claims.sub) saved.claims = claims;
    this.#show();
    return this.user;
  };

  /** Renews ahead of time, or tries again what start() could not. */
  async #renew() {
    if (this.#state.status !== 'error') {
      await this.#token(this.#main, MIN_TTL_SECS, this.#tokens.peek(this.#main)?.token);
    } else if (!(await this.#restore().catch(this.#fail))) {
      this.#set({ status: 'signed-out' });
    }
  }

  /** Another tab has said something. @param {any} data */
  async #told(data) {
    if (data === 'signed-out') return this.#signedOut('other-tab');
    this.#tokens.hear(data);
    if (this.#state.status === 'loading') return; // start() comes upon it
    await this.#open();
    if (await this.#tokens.load()) this.#renewed();
  }

  /** @param {any} thrown @returns {Promise<never>} */
  #fail = (thrown) => Promise.reject(this.#report(thrown));

  #renewed() {
    const { status } = this.#state;
    if (status === 'loading') return;
    if (status !== 'signed-in') return this.#signedIn();
    this.#show();
    this.#events.emit('renewed', { expiresAt: this.#state.expiresAt });
  }

  #signedIn() {
    this.#tabs.mark('1');
    this.#show();
    this.#events.emit('signed-in', { user: this.user });
  }

  #show() {
    const { saved } = this.#tokens;
    const access = this.#tokens.peek(this.#main);
    if (!saved || !access) return;
    const before = this.user && JSON.stringify(this.user);
    this.#timer.schedule(access.expiresAt);
    /** @type {Readonly<Record<string, any>>} */
    const user = Object.freeze(person(saved.claims));
    this.#set({
      status: 'signed-in',
      user,
      scopes: this.#tokens.scopes,
      roles: user.roles ?? rolesOf(access.token),
      expiresAt: access.expiresAt,
    });
    if (before && JSON.stringify(user) !== before) this.#events.emit('user-changed', { user });
  }

  /** @param {'logout' | 'expired' | 'other-tab'} reason */
  #signedOut(reason) {
    const was = this.user;
    this.#tokens.saved = undefined;
    this.#timer.stop();
    if (this.#state.status === 'loading') return;
    this.#set({ status: 'signed-out' });
    if (was) this.#events.emit('signed-out', { reason });
  }

  /** @param {Partial<State> & Pick<State, 'status'>} state */
  #set(state) {
    this.#state = Object.freeze({ ...NOBODY, ...state });
    this.#events.emit('state', this.#state);
  }

  /**
   * Tells of an error; by default on the console, once per code. Nothing in an AuthError is secret.
   * @param {any} thrown
   * @returns {AuthError}
   */
  #report = (thrown) => {
    const error = thrown instanceof AuthError ? thrown : new AuthError('server', thrown?.name);
    this.#events.emit('error', { error });
    if (this.#options.onError) this.#options.onError(error);
    else if (!PERSONAL.test(error.code) && !this.#reported.has(error.code)) // what a person decides is no news
      this.#env.console.error(`symbolon: ${error.message}`);
    this.#reported.add(error.code);
    return error;
  };
}

/** @param {string} what @param {unknown} value @param {string} values it may have */
function known(what, value, values) {
  if (!values.split(' ').includes(String(value))) throw new AuthError('config', `${what} must be one of: ${values}`);
}

/** @returns {never} what could not be loaded */
function offline() {
  throw new AuthError('network', 'part of the SDK');
}

/** What signing in and out takes. */
const signIn = () => import('./sign-in.js').catch(offline);

/** A name that no other tab has, as long as this one lives. @param {Env} env */
function ownTab({ sessionStorage, crypto }) {
  const key = 'symbolon:tab';
  const name = sessionStorage.getItem(key) ?? crypto.randomUUID();
  sessionStorage.setItem(key, name);
  return name;
}

/** @param {string} accessToken @returns {string[]} roles it names, if it is a JWT one can read */
function rolesOf(accessToken) {
  try {
    return /** @type {string[]} */ ([]).concat(/** @type {any} */ (decode(accessToken).claims.roles ?? []));
  } catch {
    return [];
  }
}
