/**
 * Leaving for the sign-in page and coming back (RFC 6749 §4.1.1, §4.1.2; RFC 7636; RFC 9207).
 *
 * What must outlive the redirect is kept in sessionStorage, one record per `state`, under a key that names issuer and
 * client, so an answer can only meet the question it belongs to. No token is ever kept there.
 */

import { AuthError, oauthCode } from './errors.js';
import { challenge, random } from './pkce.js';
import { sameOrigin } from './urls.js';

/** @typedef {{ verifier: string, nonce: string, returnTo: string, silent: boolean, at: number }} Transaction */
/** Without code and error: one that was answered before. */
/** @typedef {{ transaction?: Transaction, code?: string, error?: AuthError }} Callback */
/** @typedef {import('./symbolon.js').Env} Env */

const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state'];
/** A sign-in left half-way is forgotten after an hour, one that is over likewise. */
const MAX_AGE_MS = 3_600_000;

/**
 * Remembers a new transaction and gives the URL to go to.
 * @param {Env} env
 * @param {string} prefix of this issuer's and client's keys
 * @param {string} endpoint
 * @param {[string, string | undefined][]} params of the authorization request
 * @param {{ returnTo: string, silent: boolean }} options
 */
export async function depart(env, prefix, endpoint, params, { returnTo, silent }) {
  const verifier = random(env.crypto);
  const [state, nonce] = [random(env.crypto), random(env.crypto)];
  const url = new URL(endpoint);
  const all = [
    ...params,
    ['state', state],
    ['nonce', nonce],
    ['code_challenge', await challenge(env.crypto, verifier)],
    ['code_challenge_method', 'S256'],
  ];
  for (const [name, value] of all) if (name && value) url.searchParams.append(name, value);
  try {
    forgetOld(env, prefix);
    const record = { verifier, nonce, returnTo, silent, at: env.Date.now() };
    env.sessionStorage.setItem(`${prefix}tx:${state}`, JSON.stringify(record));
  } catch {
    throw new AuthError('storage_unavailable');
  }
  return url.href;
}

/** @param {Env} env @param {string} prefix */
function forgetOld(env, prefix) {
  const storage = env.sessionStorage;
  for (const key of Object.keys(storage))
    if (key.startsWith(`${prefix}tx:`) && env.Date.now() - JSON.parse(storage[key]).at > MAX_AGE_MS)
      storage.removeItem(key);
}

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
export function arrive(env, prefix, issuer, redirectUri) {
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

  if (!transaction) return { error: new AuthError('unknown_state') };
  if (!transaction.verifier) return {};
  if (ANSWER.some((name) => answer.getAll(name).length > 1) || answer.get('iss') !== issuer)
    return { error: new AuthError('invalid_callback') };
  if (answer.has('error')) return { transaction, error: new AuthError(oauthCode(answer.get('error'))) };
  return { transaction, code: answer.get('code') ?? '' };
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
    env.sessionStorage.setItem(key, JSON.stringify({ returnTo: record.returnTo, at: record.at }));
    return record;
  } catch {
    return undefined;
  }
}
