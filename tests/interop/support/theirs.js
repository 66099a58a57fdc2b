/** npm `jose`: keys for each algorithm, made once per file, and what this runtime can do. */

import * as jose from 'jose';

const b64 = jose.base64url.encode;
const oct = async (bytes) => ({ kty: 'oct', k: b64(crypto.getRandomValues(new Uint8Array(bytes))) });

export const SIGNATURES = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
  'EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87',
];

export const CONTENT_KEY_BYTES = {
  A128GCM: 16, A192GCM: 24, A256GCM: 32, 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64,
};

const once = new Map();

/** `make()` the first time, the same after that: an RSA key takes longer than all else. */
function remembered(name, make) {
  if (!once.has(name)) once.set(name, make());
  return once.get(name);
}

function pair(name, alg, options) {
  return remembered(name, async () => {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
    const { alg: named, ...jwk } = await jose.exportJWK(privateKey);
    return jwk.kty === 'AKP' ? { ...jwk, alg: named } : jwk;
  });
}

/** A private JWK of theirs for a signature algorithm, without `alg` (but for ML-DSA, whose keys must have it), `use` and `kid`. */
export function signingJwk(alg) {
  if (alg.startsWith('HS')) return remembered(alg, () => oct(Number(alg.slice(2)) / 8));
  return /^[RP]S/.test(alg) ? pair('RSA', 'RS256') : pair(alg, alg);
}

/** The same for an `alg` of JWE; PBES2 takes passwords. */
export function encryptionJwk(alg, enc, curve) {
  if (alg === 'dir') return remembered(enc, () => oct(CONTENT_KEY_BYTES[enc]));
  if (alg.startsWith('RSA')) return pair('RSA', 'RS256');
  if (alg.startsWith('ECDH')) return pair(curve, 'ECDH-ES', { crv: curve });
  return remembered(alg, () => oct(Number(alg.slice(1, 4)) / 8));
}

/** The public half of a JWK; a shared secret is its own. */
export function publicHalf({ d, p, q, dp, dq, qi, priv, ...rest }) {
  return rest;
}

/** Those of `algorithms` that this runtime has a key for. Only ML-DSA may be missing, before Node 24; that is said aloud, once. */
export async function available(algorithms, jwkFor) {
  const outcomes = await Promise.allSettled(algorithms.map((alg) => jwkFor(alg)));
  const missing = algorithms.filter((_, index) => outcomes[index].status === 'rejected');
  const unexpected = missing.filter((alg) => !alg.startsWith('ML-DSA') || Number.parseInt(process.versions.node, 10) >= 24);
  if (unexpected.length > 0) throw new Error(`no key of theirs for ${unexpected.join(', ')}`);
  if (missing.length > 0) console.log(`left out, Node ${process.versions.node} has not: ${missing.join(', ')}`);
  return algorithms.filter((alg) => !missing.includes(alg));
}
