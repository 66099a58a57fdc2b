/**
 * What is common to the signed heads of the feed: a compact JWS under a key of the issuer, with `typ` and `iss` as they must
 * be, not from the future.
 */

import { compactVerify } from 'jose';
import { parseObject } from '../discovery.js';
import { FeedError, Rejection } from '../errors.js';
import { ALGORITHMS } from '../jwks/keys.js';
import { isSameType } from '../verify.js';

/** @typedef {{ iat: number, epoch: string, seq: number, claims: Record<string, unknown> }} Head */

/** How far ahead of our clock a signed time may lie, seconds. */
const LEEWAY_SECS = 30;
const EPOCH = /^[A-Za-z0-9_-]{1,64}$/;

/** Verifies heads for one issuer. */
export class Heads {
  #issuer;
  #keys;
  #clock;
  #revoked;

  /**
   * @param {string} issuer
   * @param {import('../jwks/cache.js').KeyCache} keys
   * @param {import('../clock.js').Clock} clock
   * @param {import('./revoked.js').Revoked} revoked
   */
  constructor(issuer, keys, clock, revoked) {
    this.#revoked = revoked;
    this.#issuer = issuer;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * @param {string} jws
   * @param {string} typ
   * @param {number} max characters
   * @returns {Promise<Head>}
   */
  async verify(jws, typ, max) {
    if (jws.length > max) throw new FeedError('a signed head is too long');
    const verified = await compactVerify(jws, (header) => this.#choose(header), { algorithms: ALGORITHMS }).catch((error) => {
      if (error instanceof FeedError) throw error;
      throw new FeedError(error instanceof Rejection ? error.message : 'a signed head does not verify');
    });
    if (!isSameType(verified.protectedHeader.typ, typ)) throw new FeedError(`a signed head is not of the type ${typ}`);
    const claims = parseObject(verified.payload);
    if (!claims) throw new FeedError('a signed head cannot be read');
    const { iss, iat, epoch, seq } = claims;
    if (iss !== this.#issuer) throw new FeedError('a signed head is of another issuer');
    if (typeof epoch !== 'string' || !EPOCH.test(epoch) || !isNumber(iat) || !isNumber(seq))
      throw new FeedError('a signed head has malformed claims');
    if (iat > this.#clock.now() + LEEWAY_SECS) throw new FeedError('a signed head is from the future');
    return { iat, epoch, seq, claims };
  }

  /** @param {{ kid?: unknown, alg?: string }} header */
  async #choose(header) {
    const { kid, alg = '' } = header;
    if ('crit' in header || 'b64' in header || (kid !== undefined && typeof kid !== 'string'))
      throw new FeedError('a signed head has a header that is not understood');
    const set = this.#keys.set ?? (await this.#keys.load());
    let key = set.select(kid, alg);
    // It may be signed by a key that is newer than our set.
    if (!key && kid !== undefined && !set.has(kid)) key = (await this.#keys.lookFor(kid))?.select(kid, alg);
    if (!key) throw new FeedError('no key of the issuer fits a signed head');
    // Whoever has stolen it could tell us anything, and our set may have it for a while yet.
    if (this.#revoked.hasKey(key.kid)) throw new FeedError('a signed head is signed by a key that was revoked');
    return key.key;
  }
}

/**
 * A whole number without sign.
 * @param {unknown} value
 * @returns {value is number}
 */
export const isNumber = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

/**
 * Canonical base64url: one spelling, so that it stands for what was signed.
 * @param {unknown} text
 */
export function decoded(text) {
  const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64url');
  if (bytes.toString('base64url') !== text) throw new FeedError('a signed head has malformed base64url');
  return bytes;
}
