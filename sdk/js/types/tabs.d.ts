/**
 * What a page remembers beyond its own life, and what tabs tell each other.
 *
 * localStorage has the fact "was signed in here", so that a reload or a second tab looks further. The channel has the
 * word "signed-out", and where tabs share one sign-in, who renewed hands the others what it got, which spares each a
 * request of its own. `tabs: 'isolated'` is a name that no other tab has.
 */
/** @typedef {import('./symbolon.js').Env} Env */
export class Tabs {
    /**
     * @param {Env} env
     * @param {string} prefix of this issuer's, client's and perhaps tab's keys
     * @param {'localStorage' | 'sessionStorage'} where the mark is
     * @param {(data: any) => void} onMessage another tab has something to say
     */
    constructor(env: Env, prefix: string, where: "localStorage" | "sessionStorage", onMessage: (data: any) => void);
    env: typeof globalThis;
    prefix: string;
    where: "localStorage" | "sessionStorage";
    channel: BroadcastChannel;
    /** @param {any} data */
    tell(data: any): void;
    /**
     * The mark that somebody is signed in; null: nobody is, or has signed out since; undefined: blocked storage remembers
     * nothing.
     * @param {'1' | ''} [set] to make it, or take it away
     */
    mark(set?: "1" | ""): string | null | undefined;
}
export type Env = import("./symbolon.js").Env;
