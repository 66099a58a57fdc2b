export function indexedDb(env: Env, name: string): {
    shared: boolean;
    load: () => Promise<import("../tokens.js").Saved | undefined>;
    /** @param {Saved} [saved] @param {string} [turn] */
    save: (saved?: Saved, turn?: string) => Promise<boolean>;
};
export function waiting(env: Env, prefix: string): {
    put: (state: string, key: import("./dpop.js").Key) => Promise<void>;
    take: (state: string) => Promise<import("./dpop.js").Key | undefined>;
};
export type Env = import("../symbolon.js").Env;
export type Saved = import("../tokens.js").Saved;
