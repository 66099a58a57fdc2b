/**
 * Remembers a new transaction and gives the URL to go to.
 * @param {Env} env
 * @param {string} prefix of this issuer's and client's keys
 * @param {string} endpoint
 * @param {[string, string | undefined][]} params of the authorization request
 * @param {{ returnTo: string, silent: boolean }} options
 */
export function depart(env: Env, prefix: string, endpoint: string, params: [string, string | undefined][], { returnTo, silent }: {
    returnTo: string;
    silent: boolean;
}): Promise<string>;
/**
 * Takes the answer out of the address bar, synchronously, and matches it with its transaction, which it uses up. An
 * answer to a transaction of this tab that is used up, as the back button brings, is no news and no error; an answer to
 * none is `unknown_state`.
 * @param {Env} env
 * @param {string} prefix
 * @param {string} issuer
 * @param {string} redirectUri
 * @returns {Callback | undefined} undefined when this page load is no answer
 */
export function arrive(env: Env, prefix: string, issuer: string, redirectUri: string): Callback | undefined;
export type Transaction = {
    verifier: string;
    nonce: string;
    returnTo: string;
    silent: boolean;
    at: number;
};
export type Callback = {
    transaction?: Transaction;
    code?: string;
    error?: AuthError;
};
export type Env = import("./symbolon.js").Env;
import { AuthError } from './errors.js';
