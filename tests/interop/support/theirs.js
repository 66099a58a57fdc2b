/** npm `jose`: keys for each algorithm, made once per file, and what this runtime can do. */

import * as jose from 'jose';

const oct = (bytes) => ({ kty: 'oct', k: jose.base64url.encode(crypto.getRandomValues(new Uint8Array(bytes))) });
const once = new Map();

/** `make()` the first time, the same after that: an RSA key takes longer than all else. */
export function remembered(name, make) {
  if (!once.has(name)) once.set(name, make());
  return once.get(name);
}

async function pair(name, alg, options) {
  return remembered(name, async () => {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
    return jose.exportJWK(privateKey);
  });
}

/** A private JWK of theirs for a signature algorithm, without `alg`, `use` and `kid`. */
export function signingJwk(alg) {
  if (alg.startsWith('HS')) return remembered(alg, async () => oct(Number(alg.slice(2)) / 8));
  return /^[RP]S/.test(alg) ? pair('RSA', 'RS256') : pair(alg, alg);
}

/** The public half of a JWK; a shared secret is its own. */
export function publicHalf({ d, p, q, dp, dq, qi, priv, ...rest }) {
  return rest;
}

/** Those of `algorithms` that this runtime has a key for; what is left out is said aloud, once. */
export async function available(algorithms, jwkFor) {
  const outcomes = await Promise.allSettled(algorithms.map((alg) => jwkFor(alg)));
  const missing = algorithms.filter((_, index) => outcomes[index].status === 'rejected');
  if (missing.length > 0) console.log(`left out, Node ${process.versions.node} has not: ${missing.join(', ')}`);
  return algorithms.filter((alg) => !missing.includes(alg));
}
