/**
 * The tokens of one sign-in and their renewal: one at a time in this browser profile, however many tabs and callers
 * want it.
 *
 * A refresh token works once (RFC 9700 §4.14.2), so requests that use it stand in one queue, and where tabs share it,
 * in one queue for all: a Web Lock named by issuer and client. Whoever comes to the front reads again what is kept; if
 * it has changed meanwhile, a sibling has renewed, and what it got is taken over. Losing that race is no sign-out.
 */

import { renewed } from './claims.js';
import { AuthError } from './errors.js';

/** @typedef {{ token: string, expiresAt: number, scope: string }} Access `expiresAt` in ms by the local clock */
/** @typedef {{ audience?: string, scope?: string }} Want which API, and if fewer than granted, which scopes */
/**
 * @typedef {object} Saved what there is of a sign-in beside its access tokens
 * @property {string} turn changes with every renewal
 * @property {string} [refreshToken]
 * @property {string} idToken
 * @property {string} nonce of the sign-in, which it also names
 * @property {Record<string, any>} claims
 * @property {string} scope that was granted
 * @property {Key} [key] it is bound to
 * @property {Record<string, Access>} [access] where access tokens are kept, too
 */
/**
 * @typedef {object} Store where it is kept
 * @property {boolean} shared whether the other tabs see it
 * @property {(state?: string) => Promise<Key | undefined>} [newKey] where sign-ins are bound to keys: one for a page,
 *   or with `state` one that awaits the answer; nothing where it cannot
 * @property {(state: string) => Promise<Key>} [takeKey] the one that awaited this answer, or a new one if none did
 * @property {() => Promise<Saved | undefined>} load
 * @property {(saved?: Saved, turn?: string) => Promise<boolean>} save nothing forgets; with `turn` only if that is what
 *   is kept, in one step
 */
/** @typedef {import('./storage/dpop.js').Key} Key */
/** @typedef {import('./server.js').Server} Server */
/** @typedef {import('./server.js').Json} Json */
/** @typedef {import('./tabs.js').Tabs} Tabs */
/** @typedef {import('./symbolon.js').Env} Env */

/** Who waits longer than this for the other tabs counts as offline. */
const LOCK_MS = 30_000;
/** How long a sibling's word may be on its way after it has renewed. */
const WORD_MS = 500;
/** The timer comes up to so much earlier, lest all tabs come at once. */
const JITTER_SECS = 10;

/** @param {Want} want */
const keyOf = ({ audience = '', scope = '' }) => `${audience} ${scope}`;

export class Tokens {
  /** @type {Saved | undefined} undefined: nobody is signed in */
  saved;
  /** @type {Store} set before anything is asked of us */
  store = /** @type {any} */ (undefined);
  /** @type {Record<string, Access>} */
  #access = {};
  /** @type {Record<string, Promise<Access>>} */
  #renewing = {};
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();
  /** The turn whose access token we have. */
  #heard = '';
  /** @type {((turn: string) => void) | undefined} */
  #listening;

  /**
   * @param {Server} server
   * @param {Tabs} tabs
   * @param {() => void} onRenewed
   */
  constructor(server, tabs, onRenewed) {
    this.server = server;
    this.env = server.env;
    this.tabs = tabs;
    this.onRenewed = onRenewed;
  }

  /** Every scope of every token at hand. */
  get scopes() {
    return [...new Set(Object.values(this.#access).flatMap(({ scope }) => scope.split(' ')))];
  }

  /** @param {Want} want @returns {Access | undefined} expired or not */
  peek(want) {
    return this.#access[keyOf(want)];
  }

  /**
   * Does something while no other tab renews, signs in or restores.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  inTurn(work) {
    const job = this.#queue.then(() => (this.store.shared ? this.#locked(work) : work()));
    this.#queue = job.catch(() => {});
    return job;
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #locked(work) {
    try {
      return await this.env.navigator.locks.request(this.tabs.prefix, { signal: AbortSignal.timeout(LOCK_MS) }, work);
    } catch (/** @type {any} */ error) {
      throw error.hint ? error : new AuthError('network'); // it never was our turn
    }
  }

  /** Reads again what is kept. */
  async load() {
    this.saved = await this.store.load();
    this.server.key = this.saved?.key;
    Object.assign(this.#access, this.saved?.access);
    return this.saved;
  }

  /** Forgets everything; with `turn`, only if nobody has put something else in its place. @param {string} [turn] */
  end(turn) {
    this.saved = undefined;
    this.#access = {};
    return this.store.save(undefined, turn);
  }

  /** What a sibling says it got. @param {[turn: string, nonce: string, key: string, access: Access]} word */
  hear([turn, nonce, key, access]) {
    if (nonce !== this.saved?.nonce) this.#access = {};
    this.#access[key] = access;
    this.#heard = turn;
    this.#listening?.(turn);
  }

  /**
   * An access token with at least `minTtl` seconds left, renewed if need be.
   * @param {Want} want
   * @param {number} minTtl
   * @param {string} [stale] a token the API has refused
   */
  async get(want, minTtl, stale) {
    const now = this.env.Date.now();
    const key = keyOf(want);
    const have = this.#access[key];
    const usable = have && have.token !== stale && have.expiresAt > now;
    if (usable && have.expiresAt - now >= minTtl * 1000) return have;
    try {
      return await (this.#renewing[key] ??= this.#renew(key, want, have).finally(() => delete this.#renewing[key]));
    } catch (/** @type {any} */ error) {
      if (usable && error.code === 'network') return have;
      throw error;
    }
  }

  /** @param {string} key @param {Want} want @param {Access | undefined} before what there is and does not serve */
  async #renew(key, want, before) {
    const known = this.saved?.turn;
    return this.inTurn(async () => {
      const saved = await this.load();
      if (!saved) throw new AuthError('login_required');
      if (saved.turn !== known && saved.turn !== this.#heard && !saved.access) await this.#word(saved.turn);
      const have = this.#access[key];
      if (have && have.token !== before?.token && have.expiresAt > this.env.Date.now()) return have;
      return this.#request(want, saved);
    });
  }

  /** @param {string} turn */
  #word(turn) {
    return new Promise((resolve) => {
      this.#listening = (heard) => heard === turn && resolve(0);
      this.env.setTimeout(resolve, WORD_MS);
    });
  }

  /** @param {Want} want @param {Saved} saved */
  async #request(want, saved) {
    if (!saved.refreshToken) throw new AuthError('login_required');
    const json = await this.server.token([
      ['grant_type', 'refresh_token'],
      ['refresh_token', saved.refreshToken],
      ['resource', want.audience],
      ['scope', want.scope],
    ]);
    const { id_token: idToken = saved.idToken } = json;
    const next = { ...saved, idToken, claims: renewed(idToken, saved.claims, saved.nonce) };
    const access = await this.keep(json, want, next, saved.turn);
    this.onRenewed();
    return access;
  }

  /**
   * Keeps what a token answer brought, and tells the siblings.
   * @param {Json} json
   * @param {Want} want what was asked for, which is what is granted when the answer names no scope (RFC 6749 §5.1)
   * @param {Omit<Saved, 'turn'>} saved
   * @param {string} [before] the turn it follows; nothing begins a sign-in
   */
  async keep(json, want, saved, before) {
    const key = keyOf(want);
    if (!before) this.#access = {};
    const expiresAt = this.env.Date.now() + json.expires_in * 1000;
    const access = { token: json.access_token, expiresAt, scope: json.scope ?? want.scope ?? saved.scope };
    const turn = this.env.crypto.randomUUID();
    const refreshToken = json.refresh_token ?? saved.refreshToken;
    const next = { ...saved, turn, refreshToken, access: { ...saved.access, [key]: access } };
    if (await this.store.save(next, before)) {
      this.saved = next;
      this.#heard = turn;
      if (this.store.shared) this.tabs.tell([turn, saved.nonce, key, access]);
    } else if ((await this.load())?.nonce !== saved.nonce) {
      throw new AuthError('login_required'); // signed out meanwhile
    }
    this.#access[key] = access;
    return access;
  }
}

/** Renews ahead of expiry: a timer, and a look when the tab is shown again or the network is back. No polling. */
export class Timer {
  #due = Infinity;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #handle;

  /**
   * @param {Env} env
   * @param {{ before?: number, retry?: number[] }} options seconds: how long before expiry, but never in the first half
   *   of a token's life; waits after a failed renewal, after which the next `token()`, `online` or return to the tab
   *   tries again
   * @param {() => Promise<unknown>} renew
   * @param {(error: AuthError) => void} onFailed after the last retry
   */
  constructor(env, { before = 60, retry = [1, 3, 9] }, renew, onFailed) {
    this.env = env;
    this.before = before;
    this.retry = retry;
    this.renew = renew;
    this.onFailed = onFailed;
  }

  /** @param {number} expiresAt ms by the local clock */
  schedule(expiresAt) {
    const life = (expiresAt - this.env.Date.now()) / 1000;
    this.#failures = 0;
    this.#in(Math.max(life / 2, life - this.before - this.env.Math.random() * JITTER_SECS));
  }

  stop() {
    this.env.clearTimeout(this.#handle);
    this.#due = Infinity;
  }

  /** Renews now if the time has come, as after sleep or offline. */
  check() {
    if (this.env.Date.now() >= this.#due && this.env.document.visibilityState !== 'hidden') this.#fire();
  }

  /** After a renewal that failed: when to try again. @param {AuthError} error */
  failed(error) {
    if (error.code !== 'network') return;
    const wait = this.retry[this.#failures++];
    // Up to a quarter earlier, lest all pages come back at once.
    if (wait) this.#in(wait * (1 - this.env.Math.random() / 4));
    else this.onFailed(error);
  }

  /** @param {number} secs */
  #in(secs) {
    this.stop();
    this.#due = this.env.Date.now() + secs * 1000;
    this.#handle = this.env.setTimeout(() => this.#fire(), Math.min(secs * 1000, 2e9));
  }

  #fire() {
    this.env.clearTimeout(this.#handle);
    return this.renew().catch((error) => this.failed(error));
  }
}
