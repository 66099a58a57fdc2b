/**
 * Vue: the sign-in as a plugin, refs and a router guard.
 *
 *     authGuard(router);
 *     createApp(App).use(symbolon, { auth: createAuth({ issuer, clientId }) }).use(router).mount('#app');
 *     const { user, auth } = useAuth();
 *
 * Guards show and hide; what is behind an API is guarded by the API.
 */

import { computed, inject, shallowRef } from 'vue';

/** @typedef {import('./symbolon.js').Auth} Auth */
/** @typedef {import('vue').InjectionKey<ReturnType<typeof refs>>} Key */

const KEY = /** @type {Key} */ (Symbol('symbolon'));

/** @param {Auth} auth */
function refs(auth) {
  const state = shallowRef(auth.state);
  auth.subscribe((now) => void (state.value = now));
  return {
    /** The SDK itself: `login`, `logout`, `fetch` and the rest. */
    auth,
    status: computed(() => state.value.status),
    user: computed(() => state.value.user),
    scopes: computed(() => state.value.scopes),
    roles: computed(() => state.value.roles),
    expiresAt: computed(() => state.value.expiresAt),
    error: computed(() => state.value.error),
  };
}

/** Starts the SDK and gives it to the app. Use it before the router, so that a sign-in is finished first. */
export const symbolon = {
  /** @param {import('vue').App} app @param {{ auth: Auth }} options */
  install(app, { auth }) {
    app.provide(KEY, refs(auth));
    auth.start();
  },
};

/** Refs of the current state, and `auth`. */
export function useAuth() {
  const found = inject(KEY, undefined);
  if (!found) throw new Error('useAuth() needs app.use(symbolon, { auth })');
  return found;
}

/**
 * Guards routes by their `meta`: `{ signedIn: true }`, `{ scope: '…' }`, `{ role: '…' }`. Asks who is not signed in
 * to sign in, and comes back to the address; not at once after a sign-in that failed or was declined. Those who may
 * not land at `otherwise`.
 * @param {Router} router @param {string} [otherwise]
 */
export function authGuard(router, otherwise = '/') {
  /** How far the first navigation is: the router has read the address before the answer was taken out of it. */
  let first = 'read';
  router.beforeEach(async (to) => {
    const { auth } = useAuth();
    await auth.start();
    const { status, scopes, roles, error } = auth.state;
    const { href } = router.resolve(to);
    const { base } = router.options.history;
    const here = location.href.slice(location.origin.length);
    if (first === 'read') {
      first = 'placed';
      if (here.startsWith(base) && here !== href) return here.slice(base.length) || '/'; // where the address leads now
    }
    const isFirst = first === 'placed';
    first = 'over';

    const { signedIn, scope, role } = to.meta;
    if (!signedIn && !scope && !role) return true;
    const allowed = (!scope || scopes.includes(scope)) && (!role || roles.includes(role));
    if (status === 'signed-in') return allowed || otherwise;
    if (error && isFirst) return otherwise;
    return auth.login({ returnTo: href }).then(() => false, () => otherwise);
  });
}

/**
 * What is needed of a vue-router.
 * @typedef {object} Router
 * @property {(guard: (to: any) => any) => any} beforeEach
 * @property {(to: any) => { href: string }} resolve
 * @property {{ history: { base: string } }} options
 */
