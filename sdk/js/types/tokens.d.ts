export class Tokens {
    /**
     * @param {Server} server
     * @param {Tabs} tabs
     * @param {() => void} onRenewed
     */
    constructor(server: Server, tabs: Tabs, onRenewed: () => void);
    /** @type {Saved | undefined} undefined: nobody is signed in */
    saved: Saved | undefined;
    /** @type {Store} set before anything is asked of us */
    store: Store;
    server: import("./server.js").Server;
    env: typeof globalThis;
    tabs: import("./tabs.js").Tabs;
    onRenewed: () => void;
    /** Every scope of every token at hand. */
    get scopes(): string[];
    /** @param {Want} want @returns {Access | undefined} expired or not */
    peek(want: Want): Access | undefined;
    /**
     * Does something while no other tab renews, signs in or restores.
     * @template T
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    inTurn<T>(work: () => Promise<T>): Promise<T>;
    /** Reads again what is kept. */
    load(): Promise<Saved | undefined>;
    /** Forgets everything; with `turn`, only if nobody has put something else in its place. @param {string} [turn] */
    end(turn?: string): Promise<boolean>;
    /** What a sibling says it got. @param {[turn: string, nonce: string, key: string, access: Access]} word */
    hear([turn, nonce, key, access]: [turn: string, nonce: string, key: string, access: Access]): void;
    /**
     * An access token with at least `minTtl` seconds left, renewed if need be.
     * @param {Want} want
     * @param {number} minTtl
     * @param {string} [stale] a token the API has refused
     */
    get(want: Want, minTtl: number, stale?: string): Promise<Access>;
    /**
     * Keeps what a token answer brought, and tells the siblings.
     * @param {Json} json
     * @param {Want} want what was asked for, which is what is granted when the answer names no scope (RFC 6749 §5.1)
     * @param {Omit<Saved, 'turn'>} saved
     * @param {string} [before] the turn it follows; nothing begins a sign-in
     */
    keep(json: Json, want: Want, saved: Omit<Saved, "turn">, before?: string): Promise<{
        token: any;
        expiresAt: number;
        scope: any;
    }>;
    #private;
}
/** Renews ahead of expiry: a timer, and a look when the tab is shown again or the network is back. No polling. */
export class Timer {
    /**
     * @param {Env} env
     * @param {{ before?: number, retry?: number[] }} options seconds: how long before expiry, but never in the first half
     *   of a token's life; waits after a failed renewal, after which the next `token()`, `online` or return to the tab
     *   tries again
     * @param {() => Promise<unknown>} renew
     * @param {(error: AuthError) => void} onFailed after the last retry
     */
    constructor(env: Env, { before, retry }: {
        before?: number;
        retry?: number[];
    }, renew: () => Promise<unknown>, onFailed: (error: AuthError) => void);
    env: typeof globalThis;
    before: number;
    retry: number[];
    renew: () => Promise<unknown>;
    onFailed: (error: AuthError) => void;
    /** @param {number} expiresAt ms by the local clock */
    schedule(expiresAt: number): void;
    stop(): void;
    /** Renews now if the time has come, as after sleep or offline. */
    check(): void;
    /** After a renewal that failed: when to try again. @param {AuthError} error */
    failed(error: AuthError): void;
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
/**
 * which API, and if fewer than granted, which scopes
 */
export type Want = {
    audience?: string;
    scope?: string;
};
/**
 * what there is of a sign-in beside its access tokens
 */
export type Saved = {
    /**
     * changes with every renewal
     */
    turn: string;
    refreshToken?: string | undefined;
    idToken: string;
    /**
     * of the sign-in, which it also names
     */
    nonce: string;
    claims: Record<string, any>;
    /**
     * that was granted
     */
    scope: string;
    /**
     * it is bound to
     */
    key?: import("./storage/dpop.js").Key | undefined;
    /**
     * where access tokens are kept, too
     */
    access?: Record<string, Access> | undefined;
};
/**
 * where it is kept
 */
export type Store = {
    /**
     * whether the other tabs see it
     */
    shared: boolean;
    /**
     * where sign-ins are bound to keys: one for a page,
     * or with `state` one that awaits the answer; nothing where it cannot
     */
    newKey?: ((state?: string) => Promise<Key | undefined>) | undefined;
    /**
     * the one that awaited this answer, or a new one if none did
     */
    takeKey?: ((state: string) => Promise<Key>) | undefined;
    load: () => Promise<Saved | undefined>;
    /**
     * nothing forgets; with `turn` only if that is what
     * is kept, in one step
     */
    save: (saved?: Saved, turn?: string) => Promise<boolean>;
};
export type Key = import("./storage/dpop.js").Key;
export type Server = import("./server.js").Server;
export type Json = import("./server.js").Json;
export type Tabs = import("./tabs.js").Tabs;
export type Env = import("./symbolon.js").Env;
import { AuthError } from './errors.js';
