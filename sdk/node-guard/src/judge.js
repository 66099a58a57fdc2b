/**
 * The verdict on a token: seen before, or verified now; not revoked, as far as is known; and known well enough.
 *
 * The hot path is {@link Judge.look}: one reading of the clock, one look-up, a few comparisons. What has to be done from time
 * to time is done by the first request of each second.
 */

import { Rejection, warn } from './errors.js';

/** @typedef {import('./verify.js').Proven} Proven */

/** How long an introspection's word holds. */
const INTROSPECTED_SECS = 5;

/**
 * @typedef {object} Parts
 * @property {import('./clock.js').Clock} clock
 * @property {import('./jwks/cache.js').KeyCache} keys
 * @property {import('./verify.js').Verifier} verifier
 * @property {import('./seen.js').Seen} seen
 * @property {import('./revocation/revocation.js').Revocation} revocation
 * @property {import('./introspect.js').Introspector} [introspector] for tokens while the feed is cut
 */

export class Judge {
  /** The last second for which there was a look at what is due. */
  #second = -1;
  /** The keys that what is in memory was verified with. @type {import('./jwks/keys.js').KeySet | undefined} */
  #keys;
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Judges a token that was seen before, without waiting. None: {@link Judge.verify} has to be asked.
   * @param {string} token
   * @returns {Proven | undefined}
   */
  look(token) {
    const { seen, revocation } = this.#parts;
    const proven = this.#find(token);
    if (proven === undefined || revocation.gate !== 'open') return undefined;
    seen.hits++;
    return proven;
  }

  /**
   * Judges a token, and waits for what it takes.
   * @param {string} token
   * @returns {Promise<Proven>}
   */
  async verify(token) {
    const { seen, verifier, revocation } = this.#parts;
    const started = revocation.start();
    let proven = this.#find(token);
    if (proven) seen.hits++;
    else {
      seen.misses++;
      proven = await verifier.verify(token, this.#now());
      if (revocation.gate === 'wait') await started;
      this.#ask(token, proven);
      seen.keep(token, proven);
    }
    if (revocation.gate === 'wait') await started;
    if (revocation.gate === 'stale') await this.#introspect(token, proven);
    this.#ask(token, proven);
    return proven;
  }

  /**
   * How a token stands that was judged good before, as far as that can be told at once.
   * @param {Proven} proven
   * @returns {'good' | 'unknown' | 'gone'}
   */
  standing(proven) {
    const { keys, revocation } = this.#parts;
    const { revoked, gate } = revocation;
    const now = this.#now();
    if (now < proven.begins || now >= proven.expires || proven.keys !== keys.set) return 'gone';
    if (proven.checked !== revoked.version) {
      if (revoked.refuses(proven.ids)) return 'gone';
      proven.checked = revoked.version;
    }
    return gate === 'stale' ? 'unknown' : 'good';
  }

  /**
   * Whether what a signed URL stands for was revoked. None: it counts; a promise: it does once that is fulfilled.
   * @param {import('./revocation/revoked.js').TokenIds} ids
   * @returns {Promise<void> | undefined}
   */
  weigh(ids) {
    const { revocation } = this.#parts;
    this.#now();
    if (revocation.gate === 'wait') {
      return revocation.start().then(() => {
        if (revocation.gate === 'wait') throw new Rejection('revocations_unavailable');
        return this.weigh(ids);
      });
    }
    const kind = revocation.revoked.refuses(ids);
    if (kind) throw new Rejection(`revoked_${kind}`);
    // The issuer knows tokens, and no URLs of ours.
    if (revocation.gate === 'stale') throw new Rejection('revocations_unavailable');
    return undefined;
  }

  /**
   * A token that was seen before and still counts.
   * @param {string} token
   */
  #find(token) {
    const { seen, keys } = this.#parts;
    const now = this.#now();
    if (keys.set !== this.#keys) {
      this.#keys = keys.set;
      seen.clear();
    }
    const proven = seen.find(token);
    if (proven === undefined || now < proven.begins || now >= proven.expires || proven.keys !== keys.set) return undefined;
    this.#ask(token, proven);
    return proven;
  }

  /**
   * Whether the token was revoked; asked again whenever something was added to what is known.
   * @param {string} token
   * @param {Proven} proven
   */
  #ask(token, proven) {
    const { seen, revocation } = this.#parts;
    const { revoked } = revocation;
    if (proven.checked === revoked.version) return;
    const kind = revoked.refuses(proven.ids);
    if (kind) {
      seen.forget(token);
      throw new Rejection(`revoked_${kind}`);
    }
    proven.checked = revoked.version;
  }

  /**
   * Our knowledge is too old to say yes by it.
   * @param {string} token
   * @param {Proven} proven
   */
  async #introspect(token, proven) {
    const { introspector, seen } = this.#parts;
    if (!introspector) throw new Rejection('revocations_unavailable');
    if (this.#now() - proven.askedAt < INTROSPECTED_SECS) return;
    proven.asking ??= introspector.isActive(token).finally(() => {
      proven.asking = undefined;
    });
    const asked = this.#now();
    const isActive = await proven.asking.catch(() => {
      throw new Rejection('revocations_unavailable');
    });
    if (isActive) proven.askedAt = asked;
    else {
      seen.forget(token);
      throw new Rejection('inactive');
    }
  }

  /** The second in which this request is judged. */
  #now() {
    const { clock, keys, revocation } = this.#parts;
    const now = clock.now();
    // Also when the clock was put back.
    if (now !== this.#second) {
      this.#second = now;
      keys.tend();
      revocation.tend(now);
    }
    return now;
  }
}

/**
 * Tells whoever wants to know; what goes wrong there is not the request's fault.
 * @param {((rejection: Rejection, request?: import('node:http').IncomingMessage) => void) | undefined} onReject
 * @param {Rejection} rejection
 * @param {import('node:http').IncomingMessage} [request]
 */
export function tell(onReject, rejection, request) {
  try {
    onReject?.(rejection, request);
  } catch (error) {
    warn('SYMBOLON_ON_REJECT', `onReject failed: ${error}`);
  }
}
