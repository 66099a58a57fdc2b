/**
 * Proof of possession (RFC 9449).
 *
 * Each sign-in has a key of its own, P-256, which cannot be exported: one can hold the handle, nobody the bits. Refresh
 * and access tokens are bound to it, so a token that gets out opens nothing. A proof is for one request, with the nonce
 * that its server gave last.
 */

import { base64url, challenge as sha256 } from '../pkce.js';

/** @typedef {import('../symbolon.js').Env} Env */
/** @typedef {import('../server.js').Send} Send */
/** @typedef {{ privateKey: CryptoKey, jwk: JsonWebKey }} Key */

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

/** @param {Env} env @returns {Promise<Key>} */
export async function newKey(env) {
  const { subtle } = env.crypto;
  const { privateKey, publicKey } = await subtle.generateKey(ECDSA, false, ['sign', 'verify']);
  const { crv, kty, x, y } = await subtle.exportKey('jwk', publicKey);
  return { privateKey, jwk: { crv, kty, x, y } };
}

/** Seconds that a clock may be off before a server can be expected to mind. */
const TOLERATED_SECS = 20;

/**
 * What sends requests with proofs.
 * @param {Env} env
 * @param {import('../server.js').Server} server whose clock counts
 */
export function prover(env, server) {
  /** @type {Record<string, string>} by origin */
  const nonces = {};

  /**
   * Sends a request with a proof, and once more if the server wants another nonce (RFC 9449 §8, §9), or if the clock
   * was put forward or back since it was last compared.
   * @param {Key} key
   * @param {Send} send
   * @param {Request} request
   * @param {string} [token] that the proof goes with
   */
  return async (key, send, request, token) => {
    const { origin } = new URL(request.url);
    const again = request.clone();
    const used = nonces[origin];
    const response = await send(await proven(env, key, request, server.now, used, token));
    const nonce = response.headers.get('DPoP-Nonce') ?? used;
    if (nonce) nonces[origin] = nonce;
    if (response.status !== 400 && response.status !== 401) return response;
    const off = Date.parse(response.headers.get('Date') ?? '') / 1000 - server.now;
    const late = Math.abs(off) > TOLERATED_SECS;
    if (late) server.skew += off;
    if (!late && (nonce === used || !(await wantsNonce(response)))) return response;
    return send(await proven(env, key, again, server.now, nonce, token));
  };
}

/**
 * @param {Env} env
 * @param {Key} key
 * @param {Request} request
 * @param {number} now
 * @param {string | undefined} nonce
 * @param {string} [token]
 */
async function proven({ crypto }, { privateKey, jwk }, request, now, nonce, token) {
  const claims = {
    jti: crypto.randomUUID(),
    htm: request.method,
    htu: request.url.replace(/[?#].*/, ''),
    iat: Math.floor(now),
    nonce,
    ath: token && (await sha256(crypto, token)),
  };
  const parts = [{ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims];
  const input = parts.map((part) => base64url(bytes(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign(ECDSA, privateKey, bytes(input));
  request.headers.set('DPoP', `${input}.${base64url(new Uint8Array(signature))}`);
  return request;
}

/** @param {Response} response */
async function wantsNonce(response) {
  const wanted = 'use_dpop_nonce';
  if (response.status === 401) return response.headers.get('WWW-Authenticate')?.includes(wanted);
  return (await response.clone().json().catch(() => ({}))).error === wanted;
}
