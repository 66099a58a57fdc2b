/**
 * The keys of a JWK set (RFC 7517) and which of them a header means (RFC 7515 §6).
 *
 * A key serves one algorithm: its own `alg`, or the first that fits. The header names a key by `kid` and never chooses the
 * algorithm. Shared secrets never come from a set: what a set shows is public.
 */

import { importJWK } from 'jose';

/** What is accepted unless told otherwise; a key without `alg` gets the first of these that fits it. */
export const ALGORITHMS = [
  'EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87',
];

/** Two names for one thing (RFC 8037, RFC 9864). */
const ED25519 = ['EdDSA', 'Ed25519'];

/** Which keys an algorithm takes: `kty`, and `crv` where it matters. */
const FITS = {
  EdDSA: ['OKP', 'Ed25519'],
  Ed25519: ['OKP', 'Ed25519'],
  ES256: ['EC', 'P-256'],
  ES384: ['EC', 'P-384'],
  ES512: ['EC', 'P-521'],
};

/** The public members, by `kty`. Whatever else stands in a key has no meaning here. */
const PUBLIC = { EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'], RSA: ['n', 'e'], AKP: ['pub', 'alg'] };

/** The longest `kid`. */
const MAX_KID_LENGTH = 256;
/** The most keys of a set that are read. */
const MAX_KEYS = 128;

/** @typedef {{ kid: string | undefined, alg: string, key: CryptoKey, text: string }} Key */
/** @typedef {Record<string, unknown>} Jwk */
/** @typedef {import('node:crypto').webcrypto.CryptoKey} CryptoKey */

/**
 * Whether two names mean one algorithm.
 * @param {string} one
 * @param {string} other
 */
export const isSame = (one, other) => one === other || (ED25519.includes(one) && ED25519.includes(other));

/** Keys that belong together. Never changed: other keys make another set. */
export class KeySet {
  /** @param {Key[]} keys */
  constructor(keys) {
    this.keys = keys;
    /** Equal texts, equal sets. */
    this.text = keys.map((key) => key.text).join('\n');
  }

  /**
   * The key a header means; without `kid`, or for a key without one, it must be the only one possible.
   * @param {string | undefined} kid
   * @param {string} alg
   */
  select(kid, alg) {
    const answering = this.keys.filter((key) => key.kid === undefined || kid === undefined || key.kid === kid);
    const fitting = answering.filter((key) => isSame(key.alg, alg));
    const named = kid === undefined ? undefined : fitting.find((key) => key.kid === kid);
    // A key that was named wins over those without a name.
    return named ?? (fitting.length === 1 ? fitting[0] : undefined);
  }

  /** @param {string} kid */
  has(kid) {
    return this.keys.some((key) => key.kid === kid);
  }
}

/**
 * Reads a set; keys that cannot be read are left out one by one.
 * @param {unknown} jwks
 * @param {string[]} first these algorithms before others, for keys without `alg`
 */
export async function readKeys(jwks, first) {
  const list = /** @type {{ keys?: unknown } | undefined} */ (jwks)?.keys;
  if (!Array.isArray(list)) return undefined;
  const order = [...first, ...ALGORITHMS.filter((alg) => !first.includes(alg))];
  const keys = await Promise.all(list.slice(0, MAX_KEYS).map((jwk) => readKey(jwk, order)));
  return new KeySet(keys.filter((key) => key !== undefined));
}

/**
 * @param {Jwk | null} jwk
 * @param {string[]} order
 * @returns {Promise<Key | undefined>}
 */
async function readKey(jwk, order) {
  const kty = /** @type {keyof typeof PUBLIC} */ (jwk?.kty);
  if (!jwk || typeof kty !== 'string' || !Object.hasOwn(PUBLIC, kty)) return undefined;
  const { kid, use, key_ops: operations } = jwk;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  const alg = order.find((one) => fits(one, jwk));
  if (alg === undefined) return undefined;
  const members = ['kty', ...PUBLIC[kty]].map((name) => [name, jwk[name]]);
  try {
    const key = /** @type {CryptoKey} */ (await importJWK(Object.fromEntries(members), alg));
    // jose looks at the size when it verifies; a weak key is no key.
    const { modulusLength } = /** @type {{ modulusLength?: number }} */ (key.algorithm);
    if (modulusLength !== undefined && modulusLength < 2048) return undefined;
    return { kid, alg, key, text: JSON.stringify([kid ?? null, alg, members]) };
  } catch {
    return undefined;
  }
}

/**
 * @param {string} alg
 * @param {Jwk} jwk
 */
function fits(alg, jwk) {
  if (jwk.alg !== undefined && !(typeof jwk.alg === 'string' && isSame(jwk.alg, alg))) return false;
  if (alg.startsWith('ML-DSA')) return jwk.kty === 'AKP' && jwk.alg === alg;
  if (!Object.hasOwn(FITS, alg)) return jwk.kty === 'RSA';
  const [kty, crv] = FITS[/** @type {keyof typeof FITS} */ (alg)];
  return jwk.kty === kty && jwk.crv === crv;
}
