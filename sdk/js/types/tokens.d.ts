/** Access tokens by scope (`''`: all that was granted), and the refresh token behind them. */
export class Tokens {
    /**
     * @param {Server} server
     * @param {(json: Json) => void} onRenewed told of every answer of the token endpoint
     */
    constructor(server: Server, onRenewed: (json: Json) => void);
    server: import("./server.js").Server;
    onRenewed: (json: Json) => void;
    /** @type {string | undefined} */
    refreshToken: string | undefined;
    /**
     * Keeps what a token answer brought.
     * @param {Json} json
     * @param {string} scope asked for, which is what is granted when the answer names none (RFC 6749 §5.1)
     * @param {string} [key]
     */
    adopt(json: Json, scope: string, key?: string): {
        token: any;
        expiresAt: number;
        scope: any;
    };
    /** @returns {Access | undefined} the token of full scope, expired or not */
    peek(): Access | undefined;
    /**
     * An access token with at least `minTtl` seconds left, renewed if need be.
     * @param {{ scope?: string, minTtl: number, stale?: string }} options `stale`: a token the API has refused
     */
    get({ scope, minTtl, stale }: {
        scope?: string;
        minTtl: number;
        stale?: string;
    }): Promise<Access>;
    #private;
}
/** Renews ahead of expiry: a timer, and a look when the tab is shown again or the network is back. No polling. */
export class Timer {
    /**
     * @param {Env} env
     * @param {() => Promise<unknown>} renew
     * @param {(error: AuthError) => void} onFailed after the last retry
     */
    constructor(env: Env, renew: () => Promise<unknown>, onFailed: (error: AuthError) => void);
    env: typeof globalThis;
    renew: () => Promise<unknown>;
    onFailed: (error: AuthError) => void;
    /** @param {number} expiresAt ms by the local clock */
    schedule(expiresAt: number): void;
    stop(): void;
    /** Renews now if the time has come, as after sleep or offline. */
    check(): void;
    #private;
}
/**
 * `expiresAt` in ms by the local clock
 */
export type Access = {
    token: string;
    expiresAt: number;
    scope: string;
};
export type Server = import("./server.js").Server;
export type Json = import("./server.js").Json;
export type Env = import("./symbolon.js").Env;
import { AuthError } from './errors.js';
