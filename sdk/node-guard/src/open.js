/**
 * The open connections of a guard, and the one look at them that sees to it that none outlives its token.
 *
 * It happens when the issuer's feed has brought something, and once a second for what has expired: a few comparisons for each
 * connection. What seems to count no longer is judged like a token of a request; only that verdict ends a connection.
 */

import { Rejection } from './errors.js';

/** @typedef {import('./verify.js').Proven} Proven */
/** @typedef {import('./caller.js').Caller} Caller */

/**
 * A connection, as the one who opened it sees it.
 * @typedef {object} Terms
 * @property {(caller: Caller) => Rejection | undefined} lacks what the caller must have
 * @property {(caller: Caller) => void} renewed is told of other claims
 * @property {(rejection: Rejection) => void} over the token does not count any more
 */

/** @typedef {Terms & { token: string, proven: Proven, asked: boolean, askFrom: number }} Entry */

/** How often expiry is looked at. */
const TICK_MS = 1_000;
/** How many tokens are judged at a time. */
const MOST_AT_A_TIME = 32;
/** How long the issuer's word on a token holds for an open connection, where it has to be asked. */
const ANSWER_SECS = 30;

export class Open {
  /** @type {Set<Entry>} */
  #entries = new Set();
  #ticking = false;
  /** @type {Entry[]} */
  #doubtful = [];
  #judging = 0;
  #wiring;

  /**
   * @param {{ clock: import('./clock.js').Clock, judge: import('./judge.js').Judge, note: (rejection: Rejection) => void }} wiring
   */
  constructor(wiring) {
    this.#wiring = wiring;
  }

  get size() {
    return this.#entries.size;
  }

  /**
   * Takes in a connection whose token was judged good; gives the way to renew and to leave.
   * @param {string} token
   * @param {Proven} proven
   * @param {Terms} terms
   */
  enter(token, proven, terms) {
    /** @type {Entry} */
    const entry = { ...terms, token, proven, asked: false, askFrom: 0 };
    this.#entries.add(entry);
    this.#tick();
    return {
      /** @param {string} token @param {Proven} proven */
      renew: (token, proven) => {
        Object.assign(entry, { token, proven, asked: false, askFrom: 0 });
        entry.renewed(proven.caller);
      },
      leave: () => void this.#entries.delete(entry),
    };
  }

  /** Looks at all of them. */
  look() {
    if (this.#entries.size === 0) return;
    const { judge, clock } = this.#wiring;
    const now = clock.now();
    for (const entry of this.#entries) {
      if (entry.asked) continue;
      const standing = judge.standing(entry.proven);
      if (standing === 'good' || (standing === 'unknown' && entry.askFrom > now)) continue;
      entry.asked = true;
      entry.askFrom = now + ANSWER_SECS;
      this.#doubtful.push(entry);
    }
    while (this.#judging < MOST_AT_A_TIME && this.#doubtful.length > 0) void this.#judgeNext();
  }

  async #judgeNext() {
    this.#judging++;
    for (let entry = this.#doubtful.shift(); entry; entry = this.#doubtful.shift()) await this.#settle(entry);
    this.#judging--;
  }

  /** @param {Entry} entry */
  async #settle(entry) {
    const { token } = entry;
    /** @type {Rejection | undefined} */
    let rejection;
    /** @type {Proven | undefined} */
    let proven;
    try {
      proven = this.#wiring.judge.look(token) ?? (await this.#wiring.judge.verify(token));
      rejection = entry.lacks(proven.caller);
    } catch (error) {
      rejection = error instanceof Rejection ? error : new Rejection('keys_unavailable');
    }
    // Gone, or with another token, since it was asked about.
    if (!this.#entries.has(entry) || entry.token !== token) return;
    entry.asked = false;
    if (!rejection && proven) {
      entry.proven = proven;
      return;
    }
    this.#entries.delete(entry);
    const why = rejection ?? new Rejection('keys_unavailable');
    this.#wiring.note(why);
    entry.over(why);
  }

  #tick() {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#wiring.clock.after(TICK_MS, () => {
      this.#ticking = false;
      this.look();
      if (this.#entries.size > 0) this.#tick();
    });
  }
}
