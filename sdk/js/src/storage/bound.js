/**
 * Where the tokens of a sign-in are, and by what key they are bound: `auto` and `memory`. Loaded only where somebody is
 * signed in or about to be, and in the other modes not at all.
 */

import { newKey, prover } from './dpop.js';
import { indexedDb, waiting } from './indexed-db.js';
import { keep } from './memory.js';

/** @typedef {import('../tokens.js').Store} Store */

/**
 * The store of the mode that was asked for. `auto` is IndexedDB with a key beside the refresh token, and `memory` where
 * that cannot be.
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @returns {Promise<Store>}
 */
export async function open(context, options) {
  const { storage = 'auto', dpop = 'auto', tabs } = options;
  if (tabs === 'isolated') {
    const offline = () => Promise.reject(context.error('network', 'part of the SDK'));
    const { own } = await import('./plain.js').catch(offline);
    await own?.(context); // a node of before the upgrade serves a part without it
  }
  const { env, prefix, server, error } = context;
  if (!/^(auto|true|false)$/.test(String(dpop))) throw error('config', 'dpop must be one of: auto true false');
  const lasting = indexedDb(env, `${prefix}saved`);
  const metadata = await server.metadata();
  const bound = dpop && metadata.dpop_signing_alg_values_supported?.includes('ES256');
  if (dpop === true && !bound)
    throw error('dpop_unavailable', 'the issuer takes no ES256 proofs', 'Leave out dpop: true.');
  server.prover = prover(env, server);
  // Not of the tab: whatever its name has become meanwhile, the answer meets the key.
  const keys = bound ? keysOf(env, `symbolon:${server.clientId}@${server.issuer}:`) : {};
  if (storage === 'auto' && bound && (await works(lasting.load))) return { ...lasting, ...keys };
  server.sendToken = await keep(env, [metadata.token_endpoint, metadata.revocation_endpoint]);
  return { ...thisPage(), ...keys };
}

/**
 * @param {import('../symbolon.js').Env} env
 * @param {string} prefix
 * @returns {Pick<Store, 'newKey' | 'takeKey'>}
 */
function keysOf(env, prefix) {
  const { put, take } = waiting(env, `${prefix}tx:`);
  return {
    newKey: async (state) => {
      const key = await newKey(env);
      return !state || (await works(() => put(state, key))) ? key : undefined;
    },
    takeKey: async (state) => (await take(state).catch(() => undefined)) ?? newKey(env),
  };
}

/** @param {() => Promise<unknown>} work */
const works = (work) =>
  work().then(
    () => true,
    () => false,
  );

/** @returns {Store} for what is not secret; the refresh token is in a worker */
function thisPage() {
  /** @type {import('../tokens.js').Saved | undefined} */
  let kept;
  return {
    shared: false,
    load: async () => kept,
    save: async (saved, turn) => {
      if (turn !== undefined && kept?.turn !== turn) return false;
      kept = saved;
      return true;
    },
  };
}
