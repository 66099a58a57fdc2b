/**
 * Tokens bound to a key (RFC 9449 §7): they count with a proof of that key, made for this one request.
 *
 * The token itself is judged like any other, from memory if it was seen before; its proof is new every time, and costs a
 * signature.
 */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, errors, jwtVerify } from 'jose';
import { Rejection } from './errors.js';
import { lines } from './extract.js';
import { isSameType } from './verify.js';

/** @typedef {import('node:http').IncomingMessage} Request */

/**
 * @typedef {object} DpopOptions
 * @property {string} publicUrl under which clients know this API, `https://api.example.com`, or `https://example.com/api` where
 *   a proxy takes away the beginning of the path. What a request says of it itself (`Host`) is no proof
 * @property {boolean} [required] takes no tokens but bound ones
 * @property {boolean | Uint8Array} [nonces] wants a nonce in every proof, so that none can have been made in advance; 32 random
 *   bytes that all nodes of the API share, or true for a secret of this process alone
 * @property {number} [remember] how many used proofs: 262144. Where there is no room the oldest are let go
 */

/** What a proof may be signed with: every signature but the post-quantum ones. */
export const PROOF_ALGORITHMS = [
  'EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512',
];
const TYP = 'dpop+jwt';
/** A proof is this old at most, unless a nonce says when it was made; and this far ahead, or over for this long, because clocks differ. */
const MAX_AGE_SECS = 60;
const MAX_AHEAD_SECS = 15;
const MAX_JTI_LENGTH = 256;
const MAX_PROOF_LENGTH = 16 * 1024;
const MAX_URI_LENGTH = 2048;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** RFC 7518 §6, RFC 9964: none of them in a public key. */
const PRIVATE_MEMBERS = ['d', 'dp', 'dq', 'k', 'oth', 'p', 'priv', 'q', 'qi'];
/** A new nonce this often; the one before is accepted too. */
const SLOT_SECS = 60;

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('base64url');

/** What takes bound tokens for one guard. */
export class Proofs {
  #base;
  #secret;
  #most;
  #clock;
  /** Used proofs, and until when; in the order of their use. @type {Map<string, number>} */
  #used = new Map();
  /** How many proofs had to be let go before their time. */
  forgotten = 0;

  /**
   * @param {DpopOptions} options checked
   * @param {import('./clock.js').Clock} clock
   */
  constructor({ publicUrl, required = false, nonces = false, remember = 262_144 }, clock) {
    this.#base = publicUrl.replace(/\/+$/, '');
    this.required = required;
    this.#secret = nonces === true ? randomBytes(32) : nonces || undefined;
    this.#most = remember;
    this.#clock = clock;
  }

  /** How many used proofs are remembered. */
  get size() {
    return this.#used.size;
  }

  /** The nonce to use next, if there are any. */
  nextNonce() {
    return this.#secret && this.#nonceOf(Math.floor(this.#clock.now() / SLOT_SECS));
  }

  /**
   * Whether the request proves to hold the key that its token is bound to: it does once this is fulfilled.
   * @param {string} jkt
   * @param {string} token
   * @param {Request} request
   */
  async prove(jkt, token, request) {
    const [proof, ...more] = lines(request, 'dpop');
    if (proof === undefined) throw new Rejection('dpop_missing');
    if (more.length > 0) throw new Rejection('dpop_several');
    const now = this.#clock.now();
    const { claims, shown } = await authentic(proof, now);
    const uri = this.#base + pathOf(request);
    if (claims.htm !== request.method) throw new Rejection('dpop_method');
    if (!isSameUri(claims.htu, uri)) throw new Rejection('dpop_uri');
    const until = this.#freshUntil(claims, now);
    if (claims.ath !== hash(token)) throw new Rejection('dpop_hash');
    if (shown !== jkt) throw new Rejection('dpop_other_key');
    this.#useUp(hash(`${jkt}\0${uri}\0${claims.jti}`), until, now);
  }

  /**
   * Until when this proof would be accepted again.
   * @param {ProofClaims} claims
   * @param {number} now
   */
  #freshUntil({ iat, nonce }, now) {
    if (this.#secret) {
      const until = typeof nonce === 'string' ? this.#acceptedUntil(nonce, now) : undefined;
      if (until === undefined) throw new Rejection('dpop_nonce');
      return until;
    }
    const until = Math.floor(iat) + MAX_AGE_SECS;
    if (now > until || iat > now + MAX_AHEAD_SECS) throw new Rejection('dpop_time');
    return until + 1;
  }

  /**
   * @param {string} key
   * @param {number} until
   * @param {number} now
   */
  #useUp(key, until, now) {
    for (const [old, end] of this.#used) {
      if (end > now) break;
      this.#used.delete(old);
    }
    if (this.#used.has(key)) throw new Rejection('dpop_replayed');
    this.#used.set(key, until);
    for (const [oldest] of this.#used) {
      if (this.#used.size <= this.#most) break;
      this.#used.delete(oldest);
      this.forgotten++;
    }
  }

  /** @param {number} slot */
  #nonceOf(slot) {
    const mac = createHmac('sha256', /** @type {Uint8Array} */ (this.#secret)).update(`dpop nonce ${slot}`);
    return `${slot}.${mac.digest('base64url')}`;
  }

  /**
   * @param {string} nonce
   * @param {number} now
   */
  #acceptedUntil(nonce, now) {
    const current = Math.floor(now / SLOT_SECS);
    // The one before; and another node's clock may be a little ahead.
    const slot = [current, current - 1, current + 1].find((slot) => isSameText(this.#nonceOf(slot), nonce));
    return slot === undefined ? undefined : (slot + 2) * SLOT_SECS;
  }
}

/** @typedef {{ jti: string, htm: string, htu: string, iat: number, ath?: unknown, nonce?: unknown }} ProofClaims */

/**
 * What a proof says, and the thumbprint of the key it shows, once the signature is that key's. The only place where a key out of a
 * token's header is used. Its `exp` and `nbf` count, if it has them (RFC 7519 §4.1.4, §4.1.5).
 * @param {string} proof
 * @param {number} now
 */
async function authentic(proof, now) {
  if (proof.length > MAX_PROOF_LENGTH || !COMPACT.test(proof)) throw new Rejection('dpop_malformed');
  const header = headerOf(proof);
  if (!isSameType(header.typ, TYP)) throw new Rejection('dpop_type');
  if (!PROOF_ALGORITHMS.includes(String(header.alg))) throw new Rejection('dpop_algorithm');
  const jwk = /** @type {any} */ (header.jwk);
  if (typeof jwk !== 'object' || jwk === null || PRIVATE_MEMBERS.some((name) => name in jwk))
    throw new Rejection('dpop_key_unusable');
  const policy = { algorithms: PROOF_ALGORITHMS, currentDate: new Date(now * 1000), clockTolerance: MAX_AHEAD_SECS };
  const verified = await jwtVerify(proof, EmbeddedJWK, policy).catch((error) => {
    if (error instanceof errors.JWSSignatureVerificationFailed) throw new Rejection('dpop_signature');
    const early = error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed';
    throw new Rejection(early || error instanceof errors.JWTExpired ? 'dpop_time' : 'dpop_malformed');
  });
  const claims = /** @type {ProofClaims} */ (/** @type {unknown} */ (verified.payload));
  const { jti, htm, htu, iat } = claims;
  const texts = [jti, htm, htu].every((text) => typeof text === 'string');
  if (!texts || jti === '' || jti.length > MAX_JTI_LENGTH || typeof iat !== 'number' || iat < 0)
    throw new Rejection('dpop_malformed');
  return { claims, shown: await calculateJwkThumbprint(jwk) };
}

/** @param {string} proof */
function headerOf(proof) {
  try {
    const header = decodeProtectedHeader(proof);
    if (!('crit' in header) && !('b64' in header)) return header;
  } catch {
    // Not JSON.
  }
  throw new Rejection('dpop_malformed');
}

/**
 * Where the request went, with the whole path also within a router.
 * @param {Request} request
 */
function pathOf(request) {
  const { originalUrl, url = '' } = /** @type {{ originalUrl?: string, url?: string }} */ (request);
  return (originalUrl ?? url).split('?')[0];
}

/**
 * RFC 9449 §4.3: without query and fragment, normalized as RFC 3986 §6.2.2 and §6.2.3 say.
 * @param {string} htu
 * @param {string} uri
 */
export function isSameUri(htu, uri) {
  const [one, other] = [normalized(htu), normalized(uri)];
  return one !== undefined && one === other;
}

/** @param {string} text */
function normalized(text) {
  // The parser forgives what a URI does not have: spaces, line feeds, backslashes for slashes, missing slashes.
  if (text.length > MAX_URI_LENGTH || !/^https?:\/\/[^/]/i.test(text) || /[^!-~]|[\\"<>]/.test(text)) return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname.replace(/%([0-9a-f]{2})/gi, (escaped, digits) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase();
  });
  return url.origin + path;
}

/**
 * @param {string} one
 * @param {string} other
 */
function isSameText(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
