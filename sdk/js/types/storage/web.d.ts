/**
 * `session` and `local`: everything in Web Storage, where every script of the page can read it and take it away, since
 * no key can be kept there. For those who choose it.
 */
/** @typedef {import('../tokens.js').Store} Store */
/** @typedef {import('../tokens.js').Saved} Saved */
/**
 * @param {import('../symbolon.js').Env} env
 * @param {string} prefix of this issuer's, client's and perhaps tab's keys
 * @param {'session' | 'local'} which
 * @returns {Store}
 */
export function webStorage(env: import("../symbolon.js").Env, prefix: string, which: "session" | "local"): Store;
export type Store = import("../tokens.js").Store;
export type Saved = import("../tokens.js").Saved;
