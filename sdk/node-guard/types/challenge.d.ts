/**
 * The value of `WWW-Authenticate`.
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata] the address of the protected resource metadata
 */
export function challenge(realm: string, rejection: Rejection, metadata?: string): string;
/**
 * Answers a turned-away request.
 * @param {import('node:http').ServerResponse} response
 * @param {string} realm
 * @param {Rejection} rejection
 * @param {string} [metadata]
 */
export function refuse(response: import("node:http").ServerResponse, realm: string, rejection: Rejection, metadata?: string): void;
export type Rejection = import("./errors.js").Rejection;
