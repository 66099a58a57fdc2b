/**
 * The SDK for one client of one issuer. The same options give the same one again, so a page that mounts twice signs in
 * once. Throws an AuthError `config` for options that cannot work.
 * @param {Options} options
 * @param {Env} [env] for tests, each a page of its own
 */
export function createAuth(options: Options, env?: Env): Auth;
/** Made by createAuth(). Methods may be passed around unbound. */
export class Auth {
    /** @param {Options} options @param {Env} env */
    constructor(options: Options, env: Env);
    /** The current snapshot. */
    get state(): import("./options.js").State;
    /** The person signed in, or null. */
    get user(): Readonly<Record<string, any>> | null;
    /** Whether all of these are granted. @param {string[]} scopes */
    hasScope: (...scopes: string[]) => boolean;
    /** Whether the person has all of these. @param {string[]} roles */
    hasRole: (...roles: string[]) => boolean;
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
     * @param {Login} [options]
     */
    login: (options?: Login) => Promise<void>;
    /**
     * Asks for a stronger or fresher sign-in (RFC 9470), and comes back here.
     * @type {(options: { acr?: string, maxAge?: number, returnTo?: string }) => Promise<void>}
     */
    stepUp: (options: {
        acr?: string;
        maxAge?: number;
        returnTo?: string;
    }) => Promise<void>;
    /**
     * Signs in in a window of its own; the page stays. Call it straight from a click.
     * @param {Login} [options] without `returnTo`
     * @returns {Promise<State>} rejects with `popup_blocked`, `popup_closed`, `popup_unsupported` or what the issuer says
     */
    loginPopup: (options?: Login) => Promise<State>;
    /**
     * Signs out here, in the other tabs and at the issuer. Stays pending while the page leaves; rejects if it cannot.
     * Cookies that the issuer did not end leave the person signed in.
     * @param {{ returnTo?: string, everywhere?: boolean }} [options] `returnTo`: a registered post-logout redirect URI,
     *   default `redirectUri`; `everywhere`: on all of the person's devices
     */
    logout: (options?: {
        returnTo?: string;
        everywhere?: boolean;
    }) => Promise<void>;
    /**
     * `fetch`, with an access token for URLs of a configured API and for no others. A 401 renews once and tries once
     * more; an API that wants a stronger or fresher sign-in gets it, by way of the issuer. Signed out, or with an
     * Authorization header of your own, it is plain `fetch`.
     * @param {RequestInfo | URL} input
     * @param {RequestInit & { stepUp?: 'manual', send?: import('./server.js').Send }} [init] `stepUp: 'manual'` gives you
     *   the API's answer instead; `send`: a framework's own HTTP client, which carries the requests instead of `fetch`
     * @returns {Promise<Response>}
     */
    fetch: (input: RequestInfo | URL, init?: RequestInit & {
        stepUp?: "manual";
        send?: import("./server.js").Send;
    }) => Promise<Response>;
    /**
     * An access token, for what `fetch` cannot do (a WebSocket, a library). Keep it nowhere.
     * @param {{ api?: string, scope?: string, minTtl?: number }} [options] `api`: a URL of a configured API, default the
     *   first; `scope`: fewer scopes than granted; `minTtl`: seconds it must still live, default 10
     * @returns {Promise<string>} rejects with `login_required` when nobody is signed in
     */
    token: ({ api, scope, minTtl }?: {
        api?: string;
        scope?: string;
        minTtl?: number;
    }) => Promise<string>;
    /** Asks who the person is once more: what was changed shows at once. */
    refreshUser: () => Promise<Readonly<Record<string, any>> | null>;
    #private;
}
/**
 * What the SDK needs of its surroundings: the global object in a browser, a fake in tests.
 */
export type Env = typeof globalThis;
export type Options = import("./options.js").Options;
export type Login = import("./options.js").Login;
export type State = import("./options.js").State;
export type EventName = "signed-in" | "signed-out" | "renewed" | "renew-failed" | "user-changed" | "error";
export type Saved = import("./tokens.js").Saved;
export type Want = import("./tokens.js").Want;
import { AuthError } from './errors.js';
import { decode } from './claims.js';
export { AuthError, decode };
