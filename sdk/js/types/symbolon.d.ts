export function createAuth(options: Options, env?: Env): Auth;
/** Made by createAuth(). Methods may be passed around unbound. */
export class Auth {
    /** @param {Options} options @param {Env} env */
    constructor(options: Options, env: Env);
    /** The current snapshot. */
    get state(): State;
    /** The person signed in, or null. */
    get user(): Readonly<Record<string, any>> | null;
    /** @param {string} scope */
    hasScope: (scope: string) => boolean;
    /** @param {string} role */
    hasRole: (role: string) => boolean;
    /** Reads a JWT for display; nothing is verified. */
    decode: typeof decode;
    /**
     * Calls `fn` now and after every change.
     * @param {(state: State) => void} fn
     * @returns {() => void} unsubscribe
     */
    subscribe: (fn: (state: State) => void) => () => void;
    /**
     * @param {EventName} event
     * @param {(detail: any) => void} fn
     * @returns {() => void} off
     */
    on: (event: EventName, fn: (detail: any) => void) => () => void;
    /**
     * Finishes a sign-in that has come back to this page, or restores the one from before a reload. Call it first thing,
     * as often as you like. Never rejects: look at `state`. While the page is on its way to the issuer it stays pending.
     * @returns {Promise<State>}
     */
    start: () => Promise<State>;
    /**
     * Goes to the sign-in page. Stays pending while the page leaves; rejects if it cannot leave.
     * @param {{ returnTo?: string, prompt?: string, loginHint?: string }} [options] `returnTo`: a place of this origin,
     *   default the current one
     */
    login: ({ returnTo, prompt, loginHint }?: {
        returnTo?: string;
        prompt?: string;
        loginHint?: string;
    }) => Promise<void>;
    /**
     * Signs out here, in the other tabs and at the issuer. Stays pending while the page leaves.
     * @param {{ returnTo?: string }} [options] a registered post-logout redirect URI, default `redirectUri`
     */
    logout: ({ returnTo }?: {
        returnTo?: string;
    }) => Promise<void>;
    /**
     * `fetch`, with an access token for URLs of a configured API and for no others. A 401 renews once and tries once
     * more. Signed out, or with an Authorization header of your own, it is plain `fetch`.
     * @param {RequestInfo | URL} input
     * @param {RequestInit & { send?: (request: Request) => Promise<Response> }} [init] `send`: a framework's own HTTP
     *   client, which carries the requests instead of the browser's `fetch`
     * @returns {Promise<Response>}
     */
    fetch: (input: RequestInfo | URL, init?: RequestInit & {
        send?: (request: Request) => Promise<Response>;
    }) => Promise<Response>;
    /**
     * An access token, for what `fetch` cannot do (a WebSocket, a library). Keep it nowhere.
     * @param {{ api?: string, scope?: string, minTtl?: number }} [options] `api`: a URL of a configured API; `scope`:
     *   fewer scopes than granted; `minTtl`: seconds it must still live, default 10
     * @returns {Promise<string>} rejects with `login_required` when nobody is signed in
     */
    token: ({ api, scope, minTtl }?: {
        api?: string;
        scope?: string;
        minTtl?: number;
    }) => Promise<string>;
    #private;
}
/**
 * What the SDK needs of its surroundings: the global object in a browser, a fake in tests.
 */
export type Env = typeof globalThis;
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
     * URL itself) and scope; nothing else is ever sent a token. For now all share one audience: a sign-in is for one API
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
     * where tokens live; `auto` is `memory` for now
     */
    storage?: "auto" | "memory" | undefined;
    /**
     * default: the console, once per code, but for what a person decided
     * (`access_denied`, `login_required` and the like)
     */
    onError?: ((error: AuthError) => void) | undefined;
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
export type EventName = "signed-in" | "signed-out" | "renewed" | "renew-failed" | "user-changed" | "error";
export type Session = {
    tokens: Tokens;
    idToken: string;
    claims: Record<string, any>;
    nonce: string;
};
import { AuthError } from './errors.js';
import { decode } from './claims.js';
import { Tokens } from './tokens.js';
export { AuthError, decode };
