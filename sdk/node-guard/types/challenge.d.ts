/**
 * A value of `WWW-Authenticate`.
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata] the address of the protected resource metadata
 * @param {string} [scheme]
 */
export function challenge(realm: string, rejection: Rejection, metadata?: string, scheme?: string): string;
/**
 * Answers a turned-away request.
 * @param {import('node:http').ServerResponse} response
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata]
 * @param {import('./dpop.js').Proofs} [proofs]
 */
export function refuse(response: import("node:http").ServerResponse, realm: string, rejection: Rejection, metadata?: string, proofs?: import("./dpop.js").Proofs): void;
export type Rejection = import("./errors.js").Rejection;
