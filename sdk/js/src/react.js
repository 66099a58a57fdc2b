/**
 * React: the sign-in as a provider and hooks.
 *
 *     const auth = createAuth({ issuer, clientId });
 *     createRoot(root).render(<SymbolonProvider auth={auth}><App /></SymbolonProvider>);
 *     const { user, auth } = useAuth();
 *
 * Components show and hide; what is behind an API is guarded by the API.
 */

import { createContext, createElement, useContext, useEffect, useSyncExternalStore } from 'react';

/** @typedef {import('./symbolon.js').Auth} Auth */
/** @typedef {import('react').ReactNode} Node */

const Context = createContext(/** @type {Auth | undefined} */ (undefined));

/**
 * Starts the SDK and gives it to what is inside.
 * @param {{ auth: Auth, children?: Node }} props `auth`: made once, outside of any component
 */
export function SymbolonProvider({ auth, children }) {
  useEffect(() => void auth.start(), [auth]); // start() may be called twice, as in strict mode
  return createElement(Context.Provider, { value: auth }, children);
}

/** The current state, and `auth` with `login`, `logout`, `fetch` and the rest. */
export function useAuth() {
  const auth = useContext(Context);
  if (!auth) throw new Error('useAuth() needs a <SymbolonProvider> around it');
  const now = () => auth.state;
  return { ...useSyncExternalStore(auth.subscribe, now, now), auth };
}

/** Who is signed in, or null. */
export const useUser = () => useAuth().user;

/** For people who are signed in. @param {{ children?: Node }} props @returns {Node} */
export const SignedIn = ({ children }) => (useAuth().status === 'signed-in' ? children : null);

/** For everybody else, once that is known. @param {{ children?: Node }} props @returns {Node} */
export function SignedOut({ children }) {
  const { status } = useAuth();
  return status === 'signed-out' || status === 'error' ? children : null;
}

/**
 * For people who have the role.
 * @param {{ role: string, otherwise?: Node, children?: Node }} props `otherwise`: for those who do not have it
 * @returns {Node}
 */
export function RequireRole({ role, otherwise = null, children }) {
  return useAuth().roles.includes(role) ? children : otherwise;
}
