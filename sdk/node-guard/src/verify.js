/** From a token to its caller: the one policy, applied in one place (RFC 9068 §4, RFC 8725). */

import { errors, jwtVerify } from 'jose';
import { callerOf, checkedClaims } from './caller.js';
import { Rejection } from './errors.js';
import { isSame } from './jwks/keys.js';
import { fingerprint } from './revocation/fingerprint.js';
import { signedBy } from './signed.js';

/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./caller.js').Claims} Claims */
/** @typedef {import('./jwks/keys.js').KeySet} KeySet */
/** @typedef {import('./jwks/keys.js').Key} Key */
/** @typedef {import('./revocation/revoked.js').TokenIds} TokenIds */

/**
 * A token that has proved good, and until when and under which keys that holds.
 * @typedef {object} Proven
 * @property {Caller} caller
 * @property {number} begins from this second on it counts
 * @property {number} expires from this second on it has expired, leeway included
 * @property {KeySet} keys
 * @property {string | undefined} jkt the thumbprint of the key it is bound to
 * @property {string | undefined} x5t the thumbprint of the certificate it is bound to
 * @property {TokenIds} ids what an entry of the feed can be about
 * @property {number} checked the version of what was revoked that knew nothing against it; 0: not asked yet
 * @property {number} askedAt when introspection last called it active
 * @property {Promise<boolean> | undefined} asking introspection under way
 */

/** The longest token that is read. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** RFC 7515 §7.1; jose's decoder would forgive white space and padding. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const ACCESS_TOKEN = 'at+jwt';
const PLAIN = [ACCESS_TOKEN, 'jwt'];
/** What only ID tokens say (OpenID Connect Core §3.1.3.6, §3.3.2.11; FAPI 1.0). */
const OF_ID_TOKENS = ['at_hash', 'c_hash', 's_hash'];

/** What a token must be. */
export class Verifier {
  #options;
  #keys;
  /** The guard's own fingerprint, for rules about APIs. */
  #api;
  #issuer;
  #audience;
  #leeway;
  #acceptPlainJwt;
  #takesBound;

  /**
   * @param {{ issuer: string, audience: string, algorithms: string[], leeway: number, acceptPlainJwt: boolean, dpop?: object,
   *   certificates?: object }} policy
   * @param {import('./jwks/cache.js').KeyCache} keys
   */
  constructor({ issuer, audience, algorithms, leeway, acceptPlainJwt, dpop, certificates }, keys) {
    this.#issuer = issuer;
    this.#audience = audience;
    this.#leeway = leeway;
    this.#acceptPlainJwt = acceptPlainJwt;
    this.#takesBound = dpop !== undefined || certificates !== undefined;
    this.#keys = keys;
    this.#api = fingerprint('api', audience);
    const names = ['EdDSA', 'Ed25519', ...algorithms].filter((name) => algorithms.some((alg) => isSame(alg, name)));
    this.#options = {
      algorithms: [...new Set(names)],
      issuer,
      audience,
      clockTolerance: leeway,
      requiredClaims: ['exp', 'sub'],
      ...(acceptPlainJwt ? {} : { typ: ACCESS_TOKEN }),
    };
  }

  /**
   * Verifies, and fetches keys if that can help.
   * @param {string} token
   * @param {number} now
   * @returns {Promise<Proven>}
   */
  async verify(token, now) {
    if (token.length > MAX_TOKEN_LENGTH || !COMPACT.test(token)) throw new Rejection('malformed_token');
    /** @type {{ key: Key, set: KeySet } | undefined} */
    let used;
    /** @param {{ kid?: unknown, alg: string }} header */
    const choose = async (header) => {
      used = await this.#choose(header);
      return used.key.key;
    };
    const options = { ...this.#options, currentDate: new Date(now * 1000) };
    const verified = await jwtVerify(token, choose, options).catch((error) => {
      throw reasonOf(error);
    });
    if (!used) throw new Rejection('unknown_key');
    const { typ } = verified.protectedHeader;
    const another = !isPlain(typ) || (!isSameType(typ, ACCESS_TOKEN) && isIdToken(verified.payload));
    if (this.#acceptPlainJwt && another) throw new Rejection('other_type');
    return this.#prove(checkedClaims(verified.payload), used, now);
  }

  /**
   * The key a header means. The token is untrusted text: it can name a key and choose nothing.
   * @param {{ kid?: unknown, alg: string }} header
   */
  async #choose(header) {
    const { kid, alg } = header;
    // No extension is understood (RFC 7515 §4.1.11, RFC 7797 §6).
    if ('crit' in header || 'b64' in header || (kid !== undefined && typeof kid !== 'string'))
      throw new Rejection('malformed_token');
    const set = this.#keys.set ?? (await this.#keys.load());
    const key = set.select(kid, alg);
    if (key) return { key, set };
    const newer = kid === undefined || set.has(kid) ? undefined : await this.#keys.lookFor(kid);
    const found = newer?.select(kid, alg);
    if (!newer || !found) throw new Rejection('unknown_key');
    return { key: found, set: newer };
  }

  /**
   * @param {Claims} claims
   * @param {{ key: Key, set: KeySet }} used
   * @param {number} now
   * @returns {Proven}
   */
  #prove(claims, { key, set }, now) {
    // RFC 9449 §7.1, RFC 8705 §3: a token bound to a key is worth nothing without the proof.
    if (claims.cnf !== undefined && !this.#takesBound) throw new Rejection('sender_constrained');
    // jose has looked at both; said again where nothing can be set otherwise.
    if (claims.iss !== this.#issuer) throw new Rejection('other_issuer');
    if (![claims.aud].flat().includes(this.#audience)) throw new Rejection('other_audience');
    // A rule refuses what was issued until some second: a token from the future would slip past it.
    if ((claims.iat ?? 0) > now + this.#leeway) throw new Rejection('not_yet_valid');
    const { jti, sid, rh, client_id: client, iat } = claims;
    const caller = callerOf(claims);
    const keyPrint = key.kid === undefined ? undefined : fingerprint('key', key.kid);
    signedBy(caller, keyPrint);
    return {
      caller,
      begins: Math.max(claims.nbf ?? 0, claims.iat ?? 0) - this.#leeway,
      expires: Math.floor(claims.exp) + this.#leeway,
      keys: set,
      ...boundTo(claims.cnf),
      ids: {
        jti: jti === undefined ? undefined : fingerprint('jti', jti),
        sid: sid === undefined ? undefined : fingerprint('sid', sid),
        rh: rh === undefined ? undefined : fingerprint('rh', rh),
        client: client === undefined ? undefined : fingerprint('client', client),
        api: this.#api,
        key: keyPrint,
        iat,
      },
      checked: 0,
      askedAt: -Infinity,
      asking: undefined,
    };
  }
}

/**
 * The thumbprint in `cnf` (RFC 9449 §6.1, RFC 8705 §3.1). Another kind of binding, or another one beside it, is none that could be
 * proven.
 * @param {unknown} cnf
 * @returns {{ jkt: string | undefined, x5t: string | undefined }}
 */
function boundTo(cnf) {
  if (cnf === undefined) return { jkt: undefined, x5t: undefined };
  const members = typeof cnf === 'object' && cnf !== null ? Object.entries(cnf) : [];
  const [[name, thumbprint] = [], ...more] = members;
  const isKnown = name === 'jkt' || name === 'x5t#S256';
  if (!isKnown || typeof thumbprint !== 'string' || more.length > 0) throw new Rejection('sender_constrained');
  return name === 'jkt' ? { jkt: thumbprint, x5t: undefined } : { jkt: undefined, x5t: thumbprint };
}

/**
 * Without regard to case, and `application/` may be left out where nothing else has a slash (RFC 7515 §4.1.9).
 * @param {unknown} one
 * @param {string} other in lower case, without `application/`
 */
export function isSameType(one, other) {
  return typeof one === 'string' && one.toLowerCase().replace(/^application\/(?=[^/]*$)/, '') === other;
}

/**
 * Each ID token of Symbolon has a hash of what it came with, or a `nonce`. That alone some issuers write into access tokens, too
 * (Keycloak before 25), which say what they are for.
 * @param {Record<string, unknown>} payload
 */
function isIdToken(payload) {
  const { nonce, scope, scp, typ } = payload;
  return OF_ID_TOKENS.some((name) => name in payload) || (nonce !== undefined && !scope && !scp && typ !== 'Bearer');
}

/** @param {unknown} typ */
const isPlain = (typ) => typ === undefined || PLAIN.some((plain) => isSameType(typ, plain));

/** Which check of a claim failed. */
const CLAIM_REASONS = /** @type {const} */ ({ iss: 'other_issuer', aud: 'other_audience', typ: 'other_type', nbf: 'not_yet_valid' });

/**
 * A failure of jose in our words. Its own error is not kept: it quotes the claims.
 * @param {unknown} error
 */
function reasonOf(error) {
  if (error instanceof Rejection) return error;
  if (error instanceof errors.JWTExpired) return new Rejection('expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === 'missing') return new Rejection('claim_missing');
    if (reason === 'invalid' || !Object.hasOwn(CLAIM_REASONS, claim)) return new Rejection('claim_invalid');
    return new Rejection(CLAIM_REASONS[/** @type {keyof typeof CLAIM_REASONS} */ (claim)]);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return new Rejection('bad_signature');
  if (error instanceof errors.JOSEAlgNotAllowed) return new Rejection('unknown_key');
  return new Rejection('malformed_token');
}
