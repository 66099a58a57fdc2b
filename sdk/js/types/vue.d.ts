/** Refs of the current state, and `auth`. */
export function useAuth(): {
    /** The SDK itself: `login`, `logout`, `fetch` and the rest. */
    auth: import("./symbolon.js").Auth;
    status: import("vue").ComputedRef<"error" | "loading" | "signed-out" | "signed-in">;
    user: import("vue").ComputedRef<Readonly<Record<string, any>> | null>;
    scopes: import("vue").ComputedRef<readonly string[]>;
    roles: import("vue").ComputedRef<readonly string[]>;
    expiresAt: import("vue").ComputedRef<number | null>;
    error: import("vue").ComputedRef<import("./errors.js").AuthError | null>;
};
/**
 * Guards routes by their `meta`: `{ signedIn: true }`, `{ scope: '…' }`, `{ role: '…' }`. Asks who is not signed in
 * to sign in, and comes back to the address; not at once after a sign-in that failed or was declined. Those who may
 * not land at `otherwise`.
 * @param {Router} router @param {string} [otherwise]
 */
export function authGuard(router: Router, otherwise?: string): void;
export namespace symbolon {
    /** @param {import('vue').App} app @param {{ auth: Auth }} options */
    function install(app: import("vue").App, { auth }: {
        auth: Auth;
    }): void;
}
export type Auth = import("./symbolon.js").Auth;
export type Key = import("vue").InjectionKey<ReturnType<typeof refs>>;
/**
 * What is needed of a vue-router.
 */
export type Router = {
    beforeEach: (guard: (to: any) => any) => any;
    resolve: (to: any) => {
        href: string;
    };
    options: {
        history: {
            base: string;
        };
    };
};
/** @param {Auth} auth */
declare function refs(auth: Auth): {
    /** The SDK itself: `login`, `logout`, `fetch` and the rest. */
    auth: import("./symbolon.js").Auth;
    status: import("vue").ComputedRef<"error" | "loading" | "signed-out" | "signed-in">;
    user: import("vue").ComputedRef<Readonly<Record<string, any>> | null>;
    scopes: import("vue").ComputedRef<readonly string[]>;
    roles: import("vue").ComputedRef<readonly string[]>;
    expiresAt: import("vue").ComputedRef<number | null>;
    error: import("vue").ComputedRef<import("./errors.js").AuthError | null>;
};
export {};
