/**
 * Where the tokens of a sign-in are when no key binds them: Web Storage, or cookies, which are a part of their own.
 * Loaded only where somebody is signed in or about to be; a page of these modes never loads the proofs. What keeps
 * tabs apart is here, too, for whichever mode wants it.
 */

import { indexedDb } from './indexed-db.js';
import { own } from './tab.js';
import { webStorage } from './web.js';

export { own };

/**
 * The store of `session`, `local` or `cookie`.
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @returns {Promise<import('../tokens.js').Store>}
 */
export async function open(context, { storage, dpop, tabs }) {
  if (storage === 'session' || tabs === 'isolated') await own(context);
  const { env, prefix, error } = context;
  if (dpop === true)
    throw error('dpop_unavailable', `storage '${storage}' keeps no key`, "Take storage 'auto', or leave out dpop.");
  if (storage !== 'cookie') return webStorage(env, prefix, /** @type {'session' | 'local'} */ (storage));
  const offline = () => Promise.reject(error('network', 'part of the SDK'));
  const { cookies } = await import('./cookie.js').catch(offline);
  return cookies(context, indexedDb(env, `${prefix}saved`));
}
