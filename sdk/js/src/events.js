/** Listeners. One that throws harms neither the others nor the sign-in; its error is reported as an uncaught one. */

/** @typedef {import('./symbolon.js').Env} Env */

export class Events {
  /** @type {Record<string, Set<(detail: any) => void>>} */
  #listeners = {};

  /** @param {Env} env */
  constructor(env) {
    this.env = env;
  }

  /** @param {string} event @param {(detail: any) => void} fn @returns {() => void} off */
  on(event, fn) {
    const own = /** @param {any} detail */ (detail) => fn(detail); // the same function twice is two listeners
    const set = (this.#listeners[event] ??= new Set()).add(own);
    return () => void set.delete(own);
  }

  /** @param {string} event @param {any} detail */
  emit(event, detail) {
    for (const fn of [...(this.#listeners[event] ?? [])]) {
      try {
        fn(detail);
      } catch (error) {
        this.env.reportError(error);
      }
    }
  }
}
