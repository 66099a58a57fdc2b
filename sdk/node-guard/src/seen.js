/**
 * Tokens that were verified before: seen again, a token costs a look-up instead of a signature.
 *
 * A hit is worth as much as a verification because
 * - only a token that passed everything gets in, and refusals never do;
 * - the whole token is the key and is compared, so that nothing but the very same text is a hit;
 * - each guard has its own memory, and with it one issuer, one audience, one policy;
 * - `exp`, `nbf` and revocation are asked at every hit, and the keys must still be those it was verified with.
 *
 * Bounded in two generations: a token found in the old one moves to the young one, and when that is half of what may be
 * remembered, the old one is let go with all that nobody asked for.
 */

/** @typedef {import('./verify.js').Proven} Proven */

/** The longest token that is kept. */
const MAX_TOKEN_LENGTH = 4096;

/** The memory of one guard. */
export class Seen {
  /** @type {Map<string, Proven>} */
  #young = new Map();
  /** @type {Map<string, Proven>} */
  #old = new Map();
  #most;
  hits = 0;
  misses = 0;

  /** @param {number} most tokens; 0 for none */
  constructor(most) {
    this.#most = most;
  }

  /** How many tokens are remembered. */
  get size() {
    return this.#young.size + this.#old.size;
  }

  /**
   * The token as it was verified. Whether it still counts is for the caller to ask.
   * @param {string} token
   */
  find(token) {
    const young = this.#young.get(token);
    if (young !== undefined) return young;
    const old = this.#old.get(token);
    if (old !== undefined) this.#put(token, old);
    return old;
  }

  /**
   * Keeps a token that passed everything.
   * @param {string} token
   * @param {Proven} proven
   */
  keep(token, proven) {
    if (token.length <= MAX_TOKEN_LENGTH && this.#most > 0) this.#put(token, proven);
  }

  /** @param {string} token */
  forget(token) {
    this.#young.delete(token);
    this.#old.delete(token);
  }

  /** All of them: they were verified with keys that do not count any more. */
  clear() {
    this.#young.clear();
    this.#old.clear();
  }

  /**
   * @param {string} token
   * @param {Proven} proven
   */
  #put(token, proven) {
    this.#old.delete(token);
    this.#young.set(token, proven);
    if (this.#young.size * 2 < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
