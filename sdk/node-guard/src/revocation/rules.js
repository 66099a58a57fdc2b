/** The small table: rules that refuse tokens by what many have in common, most by when they were issued, too. */

import { KINDS } from './kinds.js';

/** @typedef {import('./fingerprint.js').Fingerprint} Fingerprint */

/** Most rules that are kept. */
const MAX_RULES = 4096;

export class Rules {
  /** @type {Map<string, { revokedAt: number, forgetAt: number }>} */
  #rules = new Map();
  /** How many were left out because there were {@link MAX_RULES}: tokens may be accepted that should not. */
  leftOut = 0;

  get size() {
    return this.#rules.size;
  }

  /**
   * Adds a rule; says whether it refuses more than before. Of two about the same the latest times count.
   * @param {number} kind
   * @param {Fingerprint} id
   * @param {number} revokedAt
   * @param {number} forgetAt
   * @param {number} now
   */
  add(kind, id, revokedAt, forgetAt, now) {
    if (forgetAt <= now) return false;
    const name = nameOf(kind, id);
    const known = this.#rules.get(name);
    if (!known && this.#rules.size >= MAX_RULES) this.forget(now);
    if (!known && this.#rules.size >= MAX_RULES) {
      this.leftOut++;
      return false;
    }
    this.#rules.set(name, {
      revokedAt: Math.max(known?.revokedAt ?? 0, revokedAt),
      forgetAt: Math.max(known?.forgetAt ?? 0, forgetAt),
    });
    return revokedAt > (known?.revokedAt ?? -1);
  }

  /**
   * The first kind of rule that refuses a token.
   * @param {import('./revoked.js').TokenIds} token
   */
  refuses(token) {
    if (this.#rules.size === 0) return undefined;
    // A token that does not say when it was issued may be as old as the rule.
    const iat = token.iat ?? 0;
    /** @type {(kind: number, id: Fingerprint | undefined) => number} */
    const revokedAt = (kind, id) => (id && this.#rules.get(nameOf(kind, id))?.revokedAt) ?? -1;
    if (Math.floor(iat) <= revokedAt(KINDS.all, ALL)) return 'all';
    if (revokedAt(KINDS.key, token.key) >= 0) return 'key';
    if (Math.floor(iat) <= revokedAt(KINDS.client, token.client)) return 'client';
    if (Math.floor(iat) <= revokedAt(KINDS.api, token.api)) return 'api';
    return undefined;
  }

  /** @param {Fingerprint} key */
  hasKey(key) {
    return this.#rules.has(nameOf(KINDS.key, key));
  }

  /** @param {number} now */
  forget(now) {
    for (const [name, { forgetAt }] of this.#rules) if (forgetAt <= now) this.#rules.delete(name);
  }
}

/** A rule for all tokens names nothing. */
const ALL = { hi: 0, lo: 0 };

/**
 * @param {number} kind
 * @param {Fingerprint} id
 */
const nameOf = (kind, { hi, lo }) => (kind === KINDS.all ? 'all' : `${kind}:${hi}:${lo}`);
