/**
 * A name that no other tab has, as long as this one lives: where tabs have a sign-in each.
 *
 * Browsers copy sessionStorage into a tab that `window.open` makes, and into a duplicate: the name, and with `session`
 * the tokens. Two tabs of one name would be signed in and out by each other, and a refresh token that both use looks
 * stolen, which ends the sign-in of both. So each page holds a lock of its tab's name, and one that finds it held takes
 * another name and leaves what was copied. Each client has a name and a lock of its own: none hides from the others
 * that the tab is a copy.
 */

/** As in `symbolon.js`, which gives the name where tabs are isolated. */
const TAB = 'symbolon:tab';
/** How long the page before, in the same tab, may take to let go of the lock. */
const PATIENCE_MS = 500;

/** What this page has found out or is about to: a lock that it holds or awaits itself makes nobody a copy. */
const found = /** @type {Record<string, Promise<string>>} */ ({});

/**
 * Makes sure that the tab is not a copy of another that is open, before anything of it is used.
 * @param {import('../sign-in.js').Context} context whose prefix becomes another if it is
 */
export async function own(context) {
  const { env, prefix, tokens } = context;
  if (!env.navigator.locks) return;
  const here = String(env.performance.timeOrigin); // tells a page from the next of the same tab
  context.prefix = await (found[prefix + here] ??= settle(env, prefix, here));
  if (context.prefix === prefix) return;
  const { tabs } = tokens;
  const { onmessage } = tabs.channel;
  tabs.channel.close();
  tabs.prefix = context.prefix;
  tabs.channel = Object.assign(new env.BroadcastChannel(context.prefix), { onmessage });
}

/**
 * @param {import('../symbolon.js').Env} env
 * @param {string} prefix
 * @param {string} here
 * @returns {Promise<string>} the prefix; another if it ends in the name of a tab of which this is a copy
 */
async function settle({ crypto, document, navigator, sessionStorage: kept }, prefix, here) {
  // Made ready ahead, a page gets neither locks nor the tab's own storage before it is shown.
  if (/** @type {any} */ (document).prerendering)
    await new Promise((shown) => document.addEventListener('prerenderingchange', shown));
  const isolated = prefix.split(':').pop(); // the tab's name, where the prefix has one
  const name = isolated || (kept.getItem(`${prefix}name`) ?? kept.getItem(TAB) ?? crypto.randomUUID());
  const known = () => kept.getItem(`${prefix}tab`) === here;
  let next = name;
  // In the end once more, for a page into which the SDK was loaded twice.
  if (!known() && !(await hold(navigator, `${prefix}tab:${name}`)) && !known()) {
    for (const key of Object.keys(kept)) if (key.startsWith(prefix)) kept.removeItem(key);
    next = crypto.randomUUID();
    if (isolated) {
      // Another client of this page may have found out before.
      if (kept.getItem(TAB) === name) kept.setItem(TAB, next);
      next = String(kept.getItem(TAB));
      prefix = prefix.replace(name, next);
    }
    await hold(navigator, `${prefix}tab:${next}`);
  }
  if (!isolated) kept.setItem(`${prefix}name`, next);
  kept.setItem(`${prefix}tab`, here);
  return prefix;
}

/**
 * Takes a lock for the life of the page. Whether it was free.
 * @param {Navigator} navigator
 * @param {string} name
 */
const hold = ({ locks }, name) =>
  new Promise((/** @type {(free: boolean) => void} */ resolve) =>
    locks
      .request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => new Promise(() => resolve(true)))
      .catch(({ name: why }) => resolve(why !== 'TimeoutError')), // whoever may take none is on its own
  );
