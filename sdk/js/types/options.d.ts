export type AuthError = import("./errors.js").AuthError;
export type Options = {
    /**
     * exactly as in the discovery document
     */
    issuer: string;
    clientId: string;
    /**
     * default: this origin and `/`
     */
    redirectUri?: string | undefined;
    /**
     * base URL → its audience (default: the base
     * URL itself) and scope; nothing else is ever sent a token, and each audience gets one of its own
     */
    apis?: Record<string, {
        audience?: string;
        scope?: string;
    }> | undefined;
    /**
     * default `openid profile email offline_access`
     */
    scope?: string | undefined;
    /**
     * where tokens live; `auto`, the default: the
     * refresh token in IndexedDB with the key it is bound to, and where that cannot be, `memory`; `cookie`: out of reach
     * of scripts, for an app of the issuer's site
     */
    storage?: "auto" | "cookie" | "memory" | "session" | "local" | undefined;
    /**
     * default `auto`: tokens are bound to a key if the issuer offers it; APIs must know
     * DPoP then
     */
    dpop?: boolean | "auto" | undefined;
    /**
     * seconds: how long before expiry, and waits after a failure
     */
    renew?: {
        before?: number;
        retry?: number[];
    } | undefined;
    /**
     * whether the tabs have one sign-in, or each its own
     */
    tabs?: "shared" | "isolated" | undefined;
    /**
     * default: the console, once per code, but for what a person decided
     * (`access_denied`, `login_required` and the like)
     */
    onError?: ((error: AuthError) => void) | undefined;
};
export type Login = {
    /**
     * a place of this origin, default the current one
     */
    returnTo?: string | undefined;
    prompt?: string | undefined;
    loginHint?: string | undefined;
    connection?: string | undefined;
    /**
     * wanted levels, best first
     */
    acr?: string | undefined;
    /**
     * seconds since the person last proved who they are
     */
    maxAge?: number | undefined;
    /**
     * languages, best first
     */
    locale?: string | undefined;
    /**
     * go where accounts are made, if there is such a place
     */
    signup?: boolean | undefined;
};
/**
 * an immutable snapshot; a change makes a new one
 */
export type State = {
    /**
     * `error`: the issuer could not be asked
     */
    status: "loading" | "signed-out" | "signed-in" | "error";
    /**
     * claims about the person
     */
    user: Readonly<Record<string, any>> | null;
    /**
     * granted
     */
    scopes: readonly string[];
    /**
     * for showing and hiding things; the API decides
     */
    roles: readonly string[];
    /**
     * of the access token, ms since the epoch
     */
    expiresAt: number | null;
    /**
     * what last went wrong
     */
    error: AuthError | null;
};
