/**
 * Goes to the sign-in page. Resolves only if this page is shown again from the back/forward cache.
 * @param {Context} context
 * @param {Login & { silent?: boolean }} options
 */
export function depart(context: Context, { returnTo, silent, ...options }: Login & {
    silent?: boolean;
}): Promise<void>;
/**
 * Sends a window to the sign-in page and waits for what it says by message (`response_mode=web_message`).
 * @param {Context} context
 * @param {Window | null | undefined} popup null: the browser opened none; undefined: none was wanted of it
 * @param {Login} options
 */
export function ask(context: Context, popup: Window | null | undefined, options: Login): Promise<{
    answer: URLSearchParams;
    url: string;
    state: string;
    verifier: string;
    nonce: string;
    key: import("./storage/dpop.js").Key | undefined;
}>;
/**
 * Signs in by a window, for pages whose core is of before an upgrade: one of now does it itself, lest it call by this
 * name what a node of before the upgrade serves.
 * @param {Context} context
 * @param {Window | null | undefined} popup as for `ask`
 * @param {Login} options
 */
export function signInBy(context: Context, popup: Window | null | undefined, options: Login): Promise<void>;
/**
 * Redeems the code of an answer. If that fails, whoever was signed in still is.
 * @param {Context} context
 * @param {URLSearchParams} answer
 * @param {Asked | undefined} asked
 */
export function redeem(context: Context, answer: URLSearchParams, asked: Asked | undefined): Promise<void>;
/**
 * What is known of the person, with the profile as it is now. Where that is all there is, nothing of the claims stays
 * beside it: it may be somebody else's.
 * @param {import('./server.js').Server} server
 * @param {string} token
 * @param {Json} claims of the ID token, whose `sub` the profile must have (OpenID Connect Core §5.3.2)
 * @returns {Promise<Json>}
 */
export function userinfo(server: import("./server.js").Server, token: string, claims: Json): Promise<Json>;
/**
 * Forgets and revokes what there is, and goes to where the session ends. What a cookie keeps ends at the server or not
 * at all: until it has, nothing is forgotten.
 * @param {Context} context
 * @param {Saved | undefined} known
 * @param {{ returnTo?: string, everywhere?: boolean }} [options]
 * @param {() => void} [ended] is told that it has, where that is not clear from the beginning
 */
export function signOut(context: Context, known: Saved | undefined, { returnTo, everywhere }?: {
    returnTo?: string;
    everywhere?: boolean;
}, ended?: () => void): Promise<void>;
/**
 * What an API's 401 asks the issuer for (RFC 9470 §3): a sign-in of a certain level, or one not long ago. Nothing if
 * the sign-in is what the API wants, for then a fresh token of it will do, or nothing will.
 * @param {Response} response
 * @param {Json} claims of the ID token
 * @param {number} now seconds by the server's clock
 * @returns {{ acr?: string, maxAge?: number } | undefined}
 */
export function missing(response: Response, claims: Json, now: number): {
    acr?: string;
    maxAge?: number;
} | undefined;
export type Env = import("./symbolon.js").Env;
export type Login = import("./symbolon.js").Login;
export type Json = import("./server.js").Json;
export type Params = import("./server.js").Params;
export type Saved = import("./tokens.js").Saved;
/**
 * what this part gets of the core
 */
export type Context = {
    env: Env;
    /**
     * of this issuer's, client's and perhaps tab's keys
     */
    prefix: string;
    server: import("./server.js").Server;
    tokens: import("./tokens.js").Tokens;
    /**
     * finds out where they are kept, before anything else is asked of them
     */
    open: () => Promise<void>;
    redirectUri: string;
    options: import("./symbolon.js").Options;
    apis: import("./urls.js").Api[];
    error: (code: unknown, detail?: string, hint?: string) => Error;
    decode: typeof import("./claims.js").decode;
    report: (thrown: unknown) => void;
};
/**
 * `key`, where the page has
 *   stayed; one that comes back takes it up by its `state`
 */
export type Asked = {
    verifier: string;
    nonce: string;
    key?: import("./storage/dpop.js").Key;
};
