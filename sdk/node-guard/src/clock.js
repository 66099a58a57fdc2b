/**
 * The clock: the only file that asks the system for the time, for a timer or for a random number.
 *
 * Two readings, because they answer two questions. Claims such as `exp` (RFC 7519 §4.1.4) are compared with the wall clock;
 * ages are measured by a clock that never jumps.
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now whole seconds since 1970
 * @property {() => number} steady milliseconds since some fixed moment; never goes back
 * @property {() => number} random from 0 up to 1, to spread what would otherwise happen everywhere at once
 * @property {(ms: number, run: () => void) => () => void} after runs something later and gives a way to call it off; does
 *   not keep the process alive
 */

/** @type {Clock} The machine's. */
export const system = {
  now: () => Math.floor(Date.now() / 1000),
  steady: () => performance.now(),
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A timer's longest delay. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive until the promise is settled: what we do in the background does not.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function awaited(promise) {
  const hold = setInterval(() => {}, LONGEST_MS);
  try {
    return await promise;
  } finally {
    clearInterval(hold);
  }
}

/**
 * Waits, or until the signal aborts.
 * @param {Clock} clock
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(clock, ms, signal) {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      done();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}

/** A signal that aborts when its parent does, or when nobody has extended its time. */
export class Watchdog {
  #controller = new AbortController();
  #cancel = () => {};
  #parent;
  #clock;
  #follow = () => this.#controller.abort(this.#parent?.reason);

  /**
   * @param {Clock} clock
   * @param {AbortSignal} [parent]
   */
  constructor(clock, parent) {
    /** @type {AbortSignal} */
    this.signal = this.#controller.signal;
    this.#clock = clock;
    this.#parent = parent;
    if (parent?.aborted) this.#follow();
    else parent?.addEventListener('abort', this.#follow);
  }

  /**
   * From now on there is so much time.
   * @param {number} ms
   * @param {() => Error} why what the signal aborts with when it has passed
   */
  extend(ms, why) {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => this.#controller.abort(why()));
  }

  /** Nothing is watched any more. */
  end() {
    this.#cancel();
    this.#parent?.removeEventListener('abort', this.#follow);
  }
}
