/**
 * `auto`: the refresh token and the key it is bound to, in IndexedDB, which keeps keys that nobody can export. All tabs
 * share it; access tokens stay in the memory of each.
 */

/** @typedef {import('../symbolon.js').Env} Env */
/** @typedef {import('../tokens.js').Saved} Saved */

/**
 * @param {Env} env
 * @param {string} name of the record
 */
export const indexedDb = (env, name) => ({
  shared: true,
  load: async () => {
    /** @type {IDBRequest<Saved | undefined> | undefined} */
    let found;
    await transact(env, (kept) => (found = kept.get(name)));
    return found?.result;
  },
  /** @param {Saved} [saved] @param {string} [turn] */
  save: async (saved, turn) => {
    let done = true;
    await transact(env, (kept) => {
      const found = kept.get(name);
      found.onsuccess = () => {
        if (turn !== undefined && found.result?.turn !== turn) done = false;
        else if (saved) kept.put({ ...saved, access: undefined }, name);
        else kept.delete(name);
      };
    });
    return done;
  },
});

/** A sign-in left half-way is forgotten after an hour. */
const MAX_AGE_MS = 3_600_000;

/**
 * Keys of sign-ins whose page is away, by `state`.
 * @param {Env} env
 * @param {string} prefix
 */
export const waiting = (env, prefix) => ({
  put: (/** @type {string} */ state, /** @type {import('./dpop.js').Key} */ key) =>
    transact(env, (kept) => {
      const at = env.Date.now();
      kept.put({ key, at }, prefix + state);
      const all = kept.openCursor();
      all.onsuccess = () => {
        const cursor = all.result;
        if (at - cursor?.value.at > MAX_AGE_MS) cursor?.delete();
        cursor?.continue();
      };
    }),
  take: async (/** @type {string} */ state) => {
    /** @type {IDBRequest<{ key: import('./dpop.js').Key } | undefined> | undefined} */
    let found;
    await transact(env, (kept) => {
      found = kept.get(prefix + state);
      kept.delete(prefix + state);
    });
    return found?.result?.key;
  },
});

/**
 * One transaction. The database is opened for each, since a browser may close it at any time.
 * @param {Env} env
 * @param {(kept: IDBObjectStore) => void} work
 */
function transact(env, work) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      const opening = env.indexedDB.open('symbolon', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('kept');
      opening.onerror = opening.onblocked = reject;
      opening.onsuccess = () => {
        const database = opening.result;
        const transaction = database.transaction('kept', 'readwrite');
        transaction.oncomplete = () => resolve(database.close());
        transaction.onabort = (event) => reject(event) ?? database.close();
        try {
          work(transaction.objectStore('kept'));
        } catch (error) {
          reject(error); // some browsers keep no keys
        }
      };
    })
  );
}
