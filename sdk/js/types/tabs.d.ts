export class Tabs {
    /**
     * @param {Env} env
     * @param {string} prefix of this issuer's and client's keys
     * @param {() => void} onSignedOut another tab has signed out
     */
    constructor(env: Env, prefix: string, onSignedOut: () => void);
    env: typeof globalThis;
    prefix: string;
    channel: BroadcastChannel;
    /** Whether a silent restore is worth a redirect. */
    get wasSignedIn(): boolean;
    remember(): void;
    forget(): void;
    announceSignOut(): void;
    /** Counts a silent redirect; false when there have been too many, or when they cannot be counted. */
    mayTry(): boolean;
    #private;
}
export type Env = import("./symbolon.js").Env;
