/**
 * The tokens of one sign-in, in memory and nowhere else (RFC 10017 §8), and their renewal.
 *
 * A refresh token works once, so requests that use it stand in one queue, and callers who want the same access token
 * share one request. Each tab has a family of its own; tabs never race each other.
 */

import { AuthError } from './errors.js';

/** @typedef {{ token: string, expiresAt: number, scope: string }} Access `expiresAt` in ms by the local clock */
/** @typedef {import('./server.js').Server} Server */
/** @typedef {import('./server.js').Json} Json */
/** @typedef {import('./symbolon.js').Env} Env */

/** Renew this long before expiry, less up to `JITTER_SECS`, but never in the first half of a token's life. */
const BEFORE_SECS = 60;
const JITTER_SECS = 10;
/** Waits after a failed renewal; then the next `token()`, `online` or return to the tab tries again. */
const RETRY_SECS = [1, 3, 9];

/** Access tokens by scope (`''`: all that was granted), and the refresh token behind them. */
export class Tokens {
  /** @type {Map<string, Access>} */
  #access = new Map();
  /** @type {Map<string, Promise<Access>>} */
  #renewing = new Map();
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {Server} server
   * @param {(json: Json) => void} onRenewed told of every answer of the token endpoint
   */
  constructor(server, onRenewed) {
    this.server = server;
    this.onRenewed = onRenewed;
    /** @type {string | undefined} */
    this.refreshToken = undefined;
  }

  /**
   * Keeps what a token answer brought.
   * @param {Json} json
   * @param {string} scope asked for, which is what is granted when the answer names none (RFC 6749 §5.1)
   * @param {string} [key]
   */
  adopt(json, scope, key = '') {
    const expiresAt = this.server.env.Date.now() + json.expires_in * 1000;
    const access = { token: json.access_token, expiresAt, scope: json.scope ?? scope };
    this.refreshToken = json.refresh_token ?? this.refreshToken;
    this.#access.set(key, access);
    return access;
  }

  /** @returns {Access | undefined} the token of full scope, expired or not */
  peek() {
    return this.#access.get('');
  }

  /**
   * An access token with at least `minTtl` seconds left, renewed if need be.
   * @param {{ scope?: string, minTtl: number, stale?: string }} options `stale`: a token the API has refused
   */
  async get({ scope = '', minTtl, stale }) {
    const now = this.server.env.Date.now();
    const have = this.#access.get(scope);
    const usable = have && have.token !== stale && have.expiresAt > now;
    if (usable && have.expiresAt - now >= minTtl * 1000) return have;
    try {
      return await this.#renew(scope);
    } catch (error) {
      if (usable && /** @type {AuthError} */ (error).code === 'network') return have;
      throw error;
    }
  }

  /** @param {string} scope */
  #renew(scope) {
    let job = this.#renewing.get(scope);
    if (!job) {
      job = this.#queue.then(() => this.#request(scope)).finally(() => this.#renewing.delete(scope));
      this.#queue = job.catch(() => {});
      this.#renewing.set(scope, job);
    }
    return job;
  }

  /** @param {string} scope */
  async #request(scope) {
    if (!this.refreshToken) throw new AuthError('login_required');
    const json = await this.server.token([
      ['grant_type', 'refresh_token'],
      ['refresh_token', this.refreshToken],
      ['scope', scope],
    ]);
    const access = this.adopt(json, scope || (this.peek()?.scope ?? ''), scope);
    this.onRenewed(json);
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
   * @param {() => Promise<unknown>} renew
   * @param {(error: AuthError) => void} onFailed after the last retry
   */
  constructor(env, renew, onFailed) {
    this.env = env;
    this.renew = renew;
    this.onFailed = onFailed;
  }

  /** @param {number} expiresAt ms by the local clock */
  schedule(expiresAt) {
    const life = (expiresAt - this.env.Date.now()) / 1000;
    this.#failures = 0;
    this.#in(Math.max(life / 2, life - BEFORE_SECS - this.env.Math.random() * JITTER_SECS));
  }

  stop() {
    this.env.clearTimeout(this.#handle);
    this.#due = Infinity;
  }

  /** Renews now if the time has come, as after sleep or offline. */
  check() {
    if (this.env.Date.now() >= this.#due && this.env.document.visibilityState !== 'hidden') this.#fire();
  }

  /** @param {number} secs */
  #in(secs) {
    this.stop();
    this.#due = this.env.Date.now() + secs * 1000;
    this.#handle = this.env.setTimeout(() => this.#fire(), Math.min(secs * 1000, 2 ** 31 - 1));
  }

  async #fire() {
    this.env.clearTimeout(this.#handle);
    try {
      await this.renew();
    } catch (error) {
      const wait = RETRY_SECS[this.#failures++];
      if (/** @type {AuthError} */ (error).code !== 'network') return;
      if (wait) this.#in(wait);
      else this.onFailed(/** @type {AuthError} */ (error));
    }
  }
}
