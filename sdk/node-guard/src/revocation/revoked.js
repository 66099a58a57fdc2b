/** What no longer counts: the set of ids and the small table of rules, and which tokens they refuse. */

import { warn } from '../errors.js';
import { fingerprint } from './fingerprint.js';
import { isKnown, isRule } from './kinds.js';
import { Rules } from './rules.js';
import { IdSet } from './set.js';

/** @typedef {import('./fingerprint.js').Fingerprint} Fingerprint */

/**
 * What a token says that an entry can be about.
 * @typedef {object} TokenIds
 * @property {Fingerprint} [jti]
 * @property {Fingerprint} [sid]
 * @property {Fingerprint} [rh]
 * @property {Fingerprint} [client]
 * @property {Fingerprint} [api] the audience that the guard is
 * @property {Fingerprint} [key] the key that verified it
 * @property {number} [iat]
 */

/** The length of an entry on the wire. */
export const RECORD_BYTES = 17;
/** How many tables of ids are looked at in one step. */
const STEP = 4;

export class Revoked {
  #ids = new IdSet();
  #rules = new Rules();
  #step = 0;
  /** Another one whenever something was added. A token that passed need not be looked at again as long as it stays. */
  version = 1;
  /** Entries of kinds that this version does not know. */
  unknown = 0;

  get size() {
    return this.#ids.size + this.#rules.size;
  }

  get bytes() {
    return this.#ids.bytes;
  }

  /**
   * Why a token no longer counts, if so.
   * @param {TokenIds} token
   */
  refuses(token) {
    const { jti, sid, rh } = token;
    if (jti && this.#ids.has(jti.hi, jti.lo)) return 'jti';
    if (sid && this.#ids.has(sid.hi, sid.lo)) return 'sid';
    if (rh && this.#ids.has(rh.hi, rh.lo)) return 'rh';
    return this.#rules.refuses(token);
  }

  /**
   * Whether a key was revoked: what it signs is worth nothing, whatever that says.
   * @param {string | undefined} kid
   */
  hasKey(kid) {
    return kid !== undefined && this.#rules.hasKey(fingerprint('key', kid));
  }

  /**
   * So many ids are about to be added; none when they have been.
   * @param {number} count
   */
  expect(count) {
    this.#ids.expect(count);
  }

  /**
   * @param {number} hi
   * @param {number} lo
   * @param {number} forgetAt
   * @param {number} now
   */
  addId(hi, lo, forgetAt, now) {
    if (this.#ids.add(hi, lo, forgetAt, now)) this.version++;
  }

  /**
   * Adds the entry that stands at `at`; one of an unknown kind is counted. Gives the second of the revocation.
   * @param {Buffer} bytes
   * @param {number} at
   * @param {number} now
   */
  addRecord(bytes, at, now) {
    const kind = bytes[at];
    const [hi, lo] = [bytes.readUInt32BE(at + 1), bytes.readUInt32BE(at + 5)];
    const [revokedAt, forgetAt] = [bytes.readUInt32BE(at + 9), bytes.readUInt32BE(at + 13)];
    if (!isKnown(kind)) this.unknown++;
    else if (!isRule(kind)) this.addId(hi, lo, forgetAt, now);
    else {
      const { leftOut } = this.#rules;
      if (this.#rules.add(kind, { hi, lo }, revokedAt, forgetAt, now)) this.version++;
      if (leftOut === 0 && this.#rules.leftOut > 0)
        warn('SYMBOLON_RULES', 'there are too many rules of revocation; tokens may be accepted that were revoked');
    }
    return revokedAt;
  }

  /**
   * Forgets some of what is due; called once a second.
   * @param {number} now
   */
  forget(now) {
    this.#rules.forget(now);
    for (let count = 0; count < STEP; count++) this.#ids.forget(this.#step++, now);
  }
}
