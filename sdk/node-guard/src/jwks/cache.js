/**
 * The key set in memory: read without waiting, fetched once for all who wait, kept when the issuer is away.
 *
 * | When | What happens |
 * |---|---|
 * | first token | its request waits for the one fetch that all first requests share |
 * | set older than 10 minutes (or `max-age`, from 1 minute to 1 hour) | fetched in the background; requests go on with the old one |
 * | token with an unknown `kid` | one shared fetch, if the token bucket has one left |
 * | that `kid` again | refused without a fetch for a while |
 * | fetch fails | the last good set holds for a day; tries again after 1 s, 2 s, 4 s, … up to 30 s |
 * | no set at all, or too old | 503 with `Retry-After`: the tokens may be fine, so 401 would be a lie |
 */

import { Watchdog } from '../clock.js';
import { fetchJson } from '../discovery.js';
import { FeedError, Rejection, warn } from '../errors.js';
import { failure, maxAge, TIMEOUT_MS } from '../http.js';
import { isSame, readKeys } from './keys.js';
import { Bucket, Missing } from './limit.js';

const DEFAULT_REFRESH_SECS = 600;
const REFRESH_BOUNDS_SECS = [60, 3600];
/** How long the last good set holds while the issuer cannot be reached. */
const STALE_MS = 24 * 3_600_000;
const MAX_BACKOFF_MS = 30_000;

/** @typedef {import('./keys.js').KeySet} KeySet */
/**
 * @typedef {object} Source
 * @property {import('../clock.js').Clock} clock
 * @property {import('../http.js').Fetch} fetch
 * @property {import('../discovery.js').Discovery} discovery
 * @property {URL} [jwksUrl] instead of what discovery names
 * @property {string[]} algorithms
 */

/** A guard's keys from the network. */
export class KeyCache {
  /** @type {KeySet | undefined} What counts now; none before the first fetch, or when the last one was too long ago. */
  set;
  /** @type {Promise<boolean> | undefined} The fetch under way; whether it brought a set. */
  #flight;
  /** In steady milliseconds: when the set is due, when it stops counting, before when there is no try after a failure. */
  #dueAt = 0;
  #staleAt = 0;
  #retryAt = -Infinity;
  #failures = 0;
  #missing = new Missing();
  #bucket;
  #source;

  /** @param {Source} source */
  constructor(source) {
    this.#source = source;
    this.#bucket = new Bucket(source.clock.steady());
  }

  /** Looks at what is due, once a second: begins a fetch in the background, lets go of a set that is too old. */
  tend() {
    if (!this.set) return;
    const now = this.#source.clock.steady();
    if (now >= this.#staleAt) this.set = undefined;
    else if (now >= this.#dueAt) this.#begin(now >= this.#retryAt);
  }

  /**
   * The set, fetched if there is none.
   * @returns {Promise<KeySet>}
   */
  async load() {
    const { clock } = this.#source;
    if (!this.set) await this.#begin(clock.steady() >= this.#retryAt);
    if (this.set) return this.set;
    throw new Rejection('keys_unavailable', { retryAfterSecs: (this.#retryAt - clock.steady()) / 1000 });
  }

  /**
   * The set after a look for `kid`, which is not in the set that the caller has. None: it is nowhere to be found.
   * @param {string} kid
   */
  async lookFor(kid) {
    const { clock } = this.#source;
    for (const last of [false, true]) {
      if (this.#missing.has(kid, clock.steady())) return undefined;
      const joined = this.#flight !== undefined;
      const brought = await this.#begin(joined || this.#bucket.take(clock.steady()));
      if (this.set?.has(kid)) return this.set;
      if (!brought) return undefined;
      // A fetch that we only joined may have been answered before the key was published: one more look of our own.
      if (!joined || last) this.#missing.add(kid, clock.steady());
      if (!joined) return undefined;
    }
    return undefined;
  }

  /**
   * Joins the fetch under way or begins one.
   * @param {boolean} allowed
   */
  #begin(allowed) {
    if (!this.#flight && !allowed) return Promise.resolve(false);
    this.#flight ??= this.#refresh().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  /** One fetch, and what it changes. Never fails. */
  async #refresh() {
    const { clock } = this.#source;
    const watchdog = new Watchdog(clock);
    watchdog.extend(TIMEOUT_MS, () => new FeedError(`key set: no answer within ${TIMEOUT_MS / 1000} seconds`));
    try {
      const { keys, freshSecs } = await this.#fetchSet(watchdog.signal);
      // The same keys are the same set: what was verified with them still counts.
      if (this.set?.text !== keys.text) this.set = keys;
      this.#failures = 0;
      this.#retryAt = -Infinity;
      this.#dueAt = clock.steady() + freshSecs * 1000;
      this.#staleAt = clock.steady() + STALE_MS;
      return true;
    } catch (error) {
      const backoff = Math.min(1000 * 2 ** Math.min(this.#failures, 5), MAX_BACKOFF_MS);
      this.#failures++;
      this.#retryAt = this.#dueAt = clock.steady() + backoff;
      this.#source.discovery.forget();
      const { message } = failure('key set', error, watchdog.signal);
      if (this.#failures === 1) warn('SYMBOLON_KEYS', `the issuer's keys could not be fetched: ${message}`);
      return false;
    } finally {
      watchdog.end();
    }
  }

  /** @param {AbortSignal} signal */
  async #fetchSet(signal) {
    const { fetch, discovery, jwksUrl, algorithms } = this.#source;
    const url = jwksUrl ?? (await discovery.load(signal)).jwks;
    if (!url) throw new FeedError('the discovery document names no key set');
    const { json, reply } = await fetchJson(fetch, 'key set', url, signal);
    const keys = await readKeys(json, algorithms);
    // An empty set is more likely a server in trouble than an issuer without keys: the last good one holds.
    if (!keys?.keys.some((key) => algorithms.some((alg) => isSame(alg, key.alg))))
      throw new FeedError('the key set has no key for an allowed algorithm');
    const [least, most] = REFRESH_BOUNDS_SECS;
    const age = maxAge(reply.headers.get('cache-control')) ?? DEFAULT_REFRESH_SECS;
    return { keys, freshSecs: Math.min(Math.max(age, least), most) };
  }
}
