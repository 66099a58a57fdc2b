/** What keeps a flood of invented `kid`s from becoming a flood of fetches: a token bucket, and a memory of what was not found. */

/** How many fetches unknown `kid`s may cause in a burst. */
const BURST = 5;
/** How often one more is allowed. */
const REFILL_MS = 10_000;
/** How long a `kid` that a fetch did not bring is refused without another. */
const NEGATIVE_MS = 10_000;
/** How many such `kid`s are remembered; past that the bucket alone limits. */
const NEGATIVE_MAX = 1024;

/** {@link BURST} at once, one more every {@link REFILL_MS}. */
export class Bucket {
  #left = BURST;
  /** Up to when the refill has been counted. */
  #since;

  /** @param {number} now steady milliseconds */
  constructor(now) {
    this.#since = now;
  }

  /**
   * Takes one, if there is one.
   * @param {number} now
   */
  take(now) {
    const gained = Math.floor(Math.max(0, now - this.#since) / REFILL_MS);
    if (this.#left + gained < BURST) {
      this.#left += gained;
      this.#since += gained * REFILL_MS;
    } else {
      // Full: a bucket does not save up.
      this.#left = BURST;
      this.#since = now;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}

/** The `kid`s that a fetch did not bring. */
export class Missing {
  /** @type {Map<string, number>} */
  #until = new Map();

  /**
   * @param {string} kid
   * @param {number} now
   */
  has(kid, now) {
    return now < (this.#until.get(kid) ?? -Infinity);
  }

  /**
   * @param {string} kid
   * @param {number} now
   */
  add(kid, now) {
    if (this.#until.size >= NEGATIVE_MAX)
      for (const [one, until] of this.#until) if (until <= now) this.#until.delete(one);
    if (this.#until.size < NEGATIVE_MAX) this.#until.set(kid, now + NEGATIVE_MS);
  }
}
