/**
 * What the guard holds to about revocation: whether the issuer's feed is followed, how old that knowledge may be, and what
 * happens to requests when it is older.
 */

import { awaited, pause } from '../clock.js';
import { FeedError, warn } from '../errors.js';
import { Follower } from './follower.js';
import { Revoked } from './revoked.js';
import { Heads } from './signed.js';

/** How long the first requests wait for the first snapshot. */
const FIRST_MS = 5_000;
/** How often we look at what is due. */
const TICK_MS = 1_000;
/** Between these a stream may be silent, depending on how old our knowledge may become. */
const SILENCE_SECS = [15, 60];

/**
 * What holds for requests now. `wait`: for the first snapshot. `stale`: `whenStale` decides, and it does not say `accept`.
 * @typedef {'open' | 'wait' | 'stale'} Gate
 */

/**
 * @typedef {object} Policy
 * @property {'auto' | 'off' | 'required'} revocation
 * @property {number} maxStaleness seconds
 * @property {'accept' | 'introspect' | 'refuse'} whenStale
 */

/** @typedef {Omit<import('./follower.js').Wiring, 'heads' | 'revoked' | 'silenceMs' | 'changed'> & { issuer: string }} Surroundings */

export class Revocation {
  revoked = new Revoked();
  /** @type {Gate} */
  gate;
  /** Is called when something may have been revoked. */
  onNews = () => {};
  #follower;
  #policy;
  #clock;
  #stop = new AbortController();
  /** @type {Promise<void> | undefined} Settled when the first attempt is over, or took too long. */
  #first;
  #settled = false;
  /** An alarm was given and not yet taken back. */
  #alarmed = false;

  /**
   * @param {Policy} policy
   * @param {Surroundings} surroundings
   */
  constructor(policy, { issuer, ...surroundings }) {
    const { clock, keys } = surroundings;
    this.#policy = policy;
    this.#clock = clock;
    const [least, most] = SILENCE_SECS;
    this.#follower = new Follower({
      ...surroundings,
      heads: new Heads(issuer, keys, clock, this.revoked),
      revoked: this.revoked,
      // Half of it, so that there is time to come back.
      silenceMs: Math.min(Math.max(policy.maxStaleness / 2, least), most) * 1000,
      changed: () => {
        this.tend(clock.now());
        this.onNews();
      },
    });
    this.gate = policy.revocation === 'off' ? 'open' : 'wait';
  }

  /** Begins to follow, the first time it is called; settled when requests need not wait any longer. */
  start() {
    if (this.#policy.revocation === 'off' || this.#stop.signal.aborted) return Promise.resolve();
    this.#first ??= awaited(this.#begin());
    return this.#first;
  }

  /**
   * Settled when there is a first snapshot; fails if there was none to be had. For whoever wants to know before requests
   * come.
   */
  async ready() {
    await this.start();
    const { offered, position, lastError } = this.#follower;
    const { revocation } = this.#policy;
    if (revocation === 'off' || position || (revocation === 'auto' && offered === false)) return;
    throw new FeedError(lastError ?? 'the revocation feed could not be read in time');
  }

  /** Lets go of the feed. What is known stays. */
  close() {
    this.#stop.abort(new FeedError('closed'));
    this.#settled = true;
  }

  /**
   * Looks at how old our knowledge is, once a second and whenever something came.
   * @param {number} now
   */
  tend(now) {
    this.gate = this.#gate(now);
    const stale = this.#settled && this.#isStale(now);
    if (stale && !this.#alarmed) {
      const why = this.#follower.lastError ?? 'the revocation feed is silent';
      warn('SYMBOLON_STALE', `what was revoked is not known well enough (${CONSEQUENCE[this.#policy.whenStale]}): ${why}`);
    }
    this.#alarmed = stale;
  }

  /** @param {number} now */
  status(now) {
    const { following, position, lastError, lagSecs } = this.#follower;
    const staleness = this.#follower.staleness(now);
    return {
      following,
      epoch: position?.epoch ?? null,
      seq: position?.seq ?? null,
      setSize: this.revoked.size,
      setBytes: this.revoked.bytes,
      unknownEntries: this.revoked.unknown,
      stalenessSeconds: Number.isFinite(staleness) ? Math.round(staleness) : null,
      lagSeconds: lagSecs ?? null,
      lastError: lastError ?? null,
    };
  }

  /** @returns {Promise<void>} */
  #begin() {
    const { signal } = this.#stop;
    /** @type {Promise<void>} */
    const first = new Promise((done) => {
      void this.#follower.run(signal, done);
      this.#tick();
    });
    return Promise.race([first, pause(this.#clock, FIRST_MS, signal)]).then(() => {
      this.#settled = true;
      this.tend(this.#clock.now());
    });
  }

  #tick() {
    if (this.#stop.signal.aborted) return;
    const now = this.#clock.now();
    this.revoked.forget(this.#follower.dueAt);
    this.tend(now);
    this.#clock.after(TICK_MS, () => this.#tick());
  }

  /**
   * @param {number} now
   * @returns {Gate}
   */
  #gate(now) {
    const { revocation, whenStale } = this.#policy;
    if (revocation === 'off') return 'open';
    if (!this.#settled) return 'wait';
    return whenStale !== 'accept' && this.#isStale(now) ? 'stale' : 'open';
  }

  /** @param {number} now */
  #isStale(now) {
    const { revocation, maxStaleness } = this.#policy;
    // Where there is no feed, there is nothing to be behind.
    if (revocation === 'off' || (revocation === 'auto' && this.#follower.offered === false)) return false;
    return this.#follower.staleness(now) > maxStaleness;
  }
}

const CONSEQUENCE = {
  accept: 'tokens are accepted all the same',
  introspect: 'the issuer is asked about each token',
  refuse: 'tokens are refused',
};
