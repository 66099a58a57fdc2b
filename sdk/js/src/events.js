/** Listeners. One that throws harms neither the others nor the sign-in; its error is reported as an uncaught one. */

/** @typedef {import('./symbolon.js').Env} Env */

export class Events {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #listeners = new Map();

  /** @param {Env} env */
  constructor(env) {
    this.env = env;
  }

  /** @param {string} event @param {(detail: any) => void} fn @returns {() => void} off */
  on(event, fn) {
    const set = this.#listeners.get(event) ?? new Set();
    const own = /** @param {any} detail */ (detail) => fn(detail); // the same function twice is two listeners
    this.#listeners.set(event, set.add(own));
    return () => void set.delete(own);
  }

  /** @param {string} event @param {any} detail */
  emit(event, detail) {
    for (const fn of [...(this.#listeners.get(event) ?? [])]) {
      try {
        fn(detail);
      } catch (error) {
        this.env.reportError(error);
      }
    }
  }
}
