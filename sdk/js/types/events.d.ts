/** Listeners. One that throws harms neither the others nor the sign-in; its error is reported as an uncaught one. */
/** @typedef {import('./symbolon.js').Env} Env */
export class Events {
    /** @param {Env} env */
    constructor(env: Env);
    env: typeof globalThis;
    /** @param {string} event @param {(detail: any) => void} fn @returns {() => void} off */
    on(event: string, fn: (detail: any) => void): () => void;
    /** @param {string} event @param {any} detail */
    emit(event: string, detail: any): void;
    #private;
}
export type Env = import("./symbolon.js").Env;
