/**
 * Tokens that were verified before: seen again, a token costs a look-up instead of a signature.
 *
 * A hit is worth as much as a verification because
 * - only a token that passed everything gets in, and refusals never do;
 * - the whole token is compared, so that nothing but the very same text is a hit;
 * - each guard has its own memory, and with it one issuer, one audience, one policy;
 * - `exp`, `nbf` and revocation are asked at every hit, and the keys must still be those it was verified with.
 *
 * Bounded in two generations: a token found in the old one moves to the young one, and when that is half of what may be
 * remembered, the old one is let go with all that nobody asked for.
 */

/** @typedef {import('./verify.js').Proven} Proven */

/** The longest token that is kept. */
const MAX_TOKEN_LENGTH = 4096;
/** By the end of its signature a token is found, 24 random bytes: to hash all of it would take longer than all else. */
const TAIL = -32;

/** @typedef {{ token: string, proven: Proven }} Entry */

/** The memory of one guard. */
export class Seen {
  /** @type {Map<string, Entry>} */
  #young = new Map();
  /** @type {Map<string, Entry>} */
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
    const tail = token.slice(TAIL);
    const young = this.#young.get(tail);
    if (young !== undefined) return young.token === token ? young.proven : undefined;
    const old = this.#old.get(tail);
    if (old === undefined || old.token !== token) return undefined;
    this.#put(tail, old);
    return old.proven;
  }

  /**
   * Keeps a token that passed everything.
   * @param {string} token
   * @param {Proven} proven
   */
  keep(token, proven) {
    if (token.length <= MAX_TOKEN_LENGTH && this.#most > 0) this.#put(token.slice(TAIL), { token, proven });
  }

  /** @param {string} token */
  forget(token) {
    this.#young.delete(token.slice(TAIL));
    this.#old.delete(token.slice(TAIL));
  }

  /**
   * @param {string} tail
   * @param {Entry} entry
   */
  #put(tail, entry) {
    this.#old.delete(tail);
    this.#young.set(tail, entry);
    if (this.#young.size * 2 < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
