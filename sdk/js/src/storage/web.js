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
export function webStorage(env, prefix, which) {
  const storage = which === 'local' ? env.localStorage : env.sessionStorage;
  const key = `${prefix}saved`;
  env.console.warn(`symbolon: storage '${which}' leaves tokens where any script of this page can take them.`);
  /** @returns {Saved | undefined} */
  const load = () => JSON.parse(storage.getItem(key) ?? 'null') ?? undefined;
  return {
    shared: which === 'local',
    load: async () => load(),
    save: async (saved, turn) => {
      if (turn !== undefined && load()?.turn !== turn) return false;
      if (saved) storage.setItem(key, JSON.stringify(saved));
      else storage.removeItem(key);
      return true;
    },
  };
}
