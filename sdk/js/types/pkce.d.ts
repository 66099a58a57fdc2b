/**
 * `code_challenge` of a verifier.
 * @param {Crypto} crypto
 * @param {string} verifier
 */
export function challenge(crypto: Crypto, verifier: string): Promise<string>;
export function base64url(bytes: Uint8Array): string;
export function random(crypto: Crypto): string;
