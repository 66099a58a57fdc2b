export function base64url(bytes: Uint8Array): string;
export function random(crypto: Crypto): string;
export function challenge(crypto: Crypto, verifier: string): Promise<string>;
