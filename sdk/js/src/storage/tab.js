/**
 * A name that no other tab has, as long as this one lives: where tabs have a sign-in each.
 *
 * Browsers copy sessionStorage into a tab that `window.open` makes, and into a duplicate: the name, and with `session`
 * the tokens. Two tabs of one name would be signed in and out by each other, and a refresh token that both use looks
 * stolen, which ends the sign-in of both. So each page holds a lock of its tab's name, and one that finds it held takes
 * another name and leaves what was copied.
 */

/** As in `symbolon.js`, which gives the name. */
const TAB = 'symbolon:tab';
/** How long the page before, in the same tab, may take to let go of the lock. */
const PATIENCE_MS = 500;

/**
 * Makes sure that the tab is not a copy of another that is open, before anything of it is used.
 * @param {import('../sign-in.js').Context} context whose prefix becomes another if it is
 */
export async function own(context) {
  const { env, prefix, tokens } = context;
  const { crypto, performance, sessionStorage: kept } = env;
  if (!env.navigator.locks) return;
  const name = kept.getItem(TAB) ?? crypto.randomUUID();
  kept.setItem(TAB, name);
  const here = String(performance.timeOrigin); // tells a page from the next of the same tab
  if (kept.getItem(`${prefix}tab`) === here) return;
  if (!(await hold(env, `${prefix}tab:${name}`))) {
    for (const key of Object.keys(kept)) if (key.startsWith(prefix)) kept.removeItem(key);
    // Another client of this page may have found out before.
    if (kept.getItem(TAB) === name) kept.setItem(TAB, crypto.randomUUID());
    const next = String(kept.getItem(TAB));
    if (prefix.endsWith(name)) {
      context.prefix = prefix.replace(name, next);
      const { tabs } = tokens;
      const { onmessage } = tabs.channel;
      tabs.channel.close();
      tabs.prefix = context.prefix;
      tabs.channel = Object.assign(new env.BroadcastChannel(context.prefix), { onmessage });
    }
    await hold(env, `${context.prefix}tab:${next}`);
  }
  kept.setItem(`${context.prefix}tab`, here);
}

/**
 * Takes a lock for the life of the page. Whether it was free.
 * @param {import('../symbolon.js').Env} env
 * @param {string} name
 */
const hold = (env, name) =>
  new Promise((/** @type {(free: boolean) => void} */ resolve) => {
    const forGood = () => (resolve(true), new Promise(() => {}));
    env.navigator.locks
      .request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, forGood)
      .catch(({ name: why }) => resolve(why !== 'TimeoutError')); // whoever may take none is on its own
  });
