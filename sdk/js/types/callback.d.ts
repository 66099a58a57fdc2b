/**
 * Takes the answer out of the address bar, synchronously, and matches it with its transaction, which it uses up. An
 * answer to a transaction of this tab that is used up, as the back button brings, is no news.
 * @param {Env} env
 * @param {string} prefix of this issuer's and client's keys
 * @param {string} redirectUri
 * @returns {Arrival | undefined} undefined when this page load is no answer
 */
export function arrive(env: Env, prefix: string, redirectUri: string): Arrival | undefined;
/** @typedef {{ verifier: string, nonce: string, returnTo: string, silent: boolean, at: number }} Transaction */
/** @typedef {{ answer: URLSearchParams, transaction?: Transaction }} Arrival */
/** @typedef {import('./symbolon.js').Env} Env */
/** The parameters of an answer (RFC 6749 §4.1.2, RFC 9207, OpenID Connect Session Management §2). */
export const ANSWER: string[];
export type Transaction = {
    verifier: string;
    nonce: string;
    returnTo: string;
    silent: boolean;
    at: number;
};
export type Arrival = {
    answer: URLSearchParams;
    transaction?: Transaction;
};
export type Env = import("./symbolon.js").Env;
