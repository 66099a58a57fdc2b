/**
 * Does something once. What fails may be tried again.
 * @template T
 * @param {() => Promise<T>} work
 */
export function once<T>(work: () => Promise<T>): () => Promise<T>;
/** The issuer as one client sees it. */
export class Server {
    /**
     * @param {Env} env
     * @param {string} issuer
     * @param {string} clientId
     */
    constructor(env: Env, issuer: string, clientId: string);
    /** Seconds the server's clock is ahead of ours, measured from its Date header. */
    skew: number;
    /** @type {import('./storage/dpop.js').Key | undefined} that the tokens of this sign-in are bound to */
    key: import("./storage/dpop.js").Key | undefined;
    /** @type {ReturnType<typeof import('./storage/dpop.js').prover> | undefined} */
    prover: ReturnType<typeof import("./storage/dpop.js").prover> | undefined;
    /** @type {Send} what token requests are sent by */
    sendToken: Send;
    /** Whether it may be asked from a window of its own: yes, until discovery says no. */
    windows: boolean;
    /**
     * Who the person is, where the page has no token to ask userinfo by. `in turn`: while no other tab renews or signs
     * in, for whoever has not seen to that.
     * @type {((how?: 'in turn') => Promise<Json>) | undefined}
     */
    profile: ((how?: "in turn") => Promise<Json>) | undefined;
    env: typeof globalThis;
    issuer: string;
    /** Under which its addresses are. */
    base: string;
    clientId: string;
    /** Seconds since the epoch by the server's clock. */
    get now(): number;
    /** The discovery document, loaded once; a failed load is tried again next time. */
    metadata: () => Promise<Json>;
    /**
     * A token request. An OAuth error is thrown under its own code.
     * @param {Params} params
     */
    token(params: Params): Promise<Json>;
    /**
     * Sends a request with an access token.
     * @param {Request} request
     * @param {string} token
     * @param {Send} [send]
     */
    authorized(request: Request, token: string, send?: Send): Promise<Response>;
    /** @type {Send} */
    fetch: Send;
    /** @param {Params} params */
    form(params: Params): URLSearchParams;
    /**
     * Any other request; an answer that cannot be used is `network`.
     * @param {string} url
     * @param {RequestInit} [init]
     * @param {Send} [send]
     * @returns {Promise<{ response: Response, json: Json }>}
     */
    send(url: string, init?: RequestInit, send?: Send): Promise<{
        response: Response;
        json: Json;
    }>;
    #private;
}
export type Json = Record<string, any>;
export type Send = (request: Request, withCredentials?: true) => Promise<Response>;
export type Params = [string, string | number | undefined][];
export type Env = import("./symbolon.js").Env;
