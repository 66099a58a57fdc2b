/**
 * Coming back from the sign-in page: the answer is taken out of the address bar before anything else happens. What it
 * says is read in `sign-in.js`, which is where one leaves, too.
 */

import { sameOrigin } from './urls.js';

/** @typedef {{ verifier: string, nonce: string, returnTo: string, silent: boolean, at: number }} Transaction */
/** @typedef {{ answer: URLSearchParams, transaction?: Transaction }} Arrival */
/** @typedef {import('./symbolon.js').Env} Env */

/** The parameters of an answer (RFC 6749 §4.1.2, RFC 9207, OpenID Connect Session Management §2). */
export const ANSWER = 'code state iss error error_description error_uri session_state'.split(' ');

/**
 * Takes the answer out of the address bar, synchronously, and matches it with its transaction, which it uses up. An
 * answer to a transaction of this tab that is used up, as the back button brings, is no news.
 * @param {Env} env
 * @param {string} prefix of this issuer's and client's keys
 * @param {string} redirectUri
 * @returns {Arrival | undefined} undefined when this page load is no answer
 */
export function arrive(env, prefix, redirectUri) {
  const here = new URL(env.location.href);
  const home = new URL(redirectUri);
  const query = here.searchParams;
  const state = query.get('state');
  if (here.origin !== home.origin || here.pathname !== home.pathname) return undefined;
  if (state === null || !(query.has('code') || query.has('error'))) return undefined;

  const transaction = take(env, `${prefix}tx:${state}`);
  const answer = new URLSearchParams(query);
  for (const name of ANSWER) query.delete(name);
  const clean = transaction ? sameOrigin(transaction.returnTo, here.href, redirectUri) : here.href;
  env.history.replaceState(env.history.state, '', clean);
  return transaction && !transaction.verifier ? undefined : { answer, transaction };
}

/**
 * Leaves of the record that it existed and where it led, nothing secret.
 * @param {Env} env
 * @param {string} key
 * @returns {Transaction | undefined}
 */
function take(env, key) {
  try {
    const text = env.sessionStorage.getItem(key);
    if (!text) return undefined;
    const record = JSON.parse(text);
    const { returnTo, at } = record;
    env.sessionStorage.setItem(key, JSON.stringify({ returnTo, at }));
    return record;
  } catch {
    return undefined;
  }
}
