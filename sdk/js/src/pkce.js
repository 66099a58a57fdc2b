/** Random values and the S256 challenge (RFC 7636 §4.1, §4.2). */

/** @param {Uint8Array} bytes unpadded base64url (RFC 7515 §2) */
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

/**
 * 256 random bits as 43 characters: a verifier, a state or a nonce.
 * @param {Crypto} crypto
 */
export const random = (crypto) => base64url(crypto.getRandomValues(new Uint8Array(32)));

/**
 * `code_challenge` of a verifier.
 * @param {Crypto} crypto
 * @param {string} verifier
 */
export const challenge = async (crypto, verifier) =>
  base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
