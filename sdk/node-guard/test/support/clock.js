/** A clock that stands still until a test moves it, so that nothing has to be waited for. */

import assert from 'node:assert/strict';

export const START = 1_800_000_000;

export class TestClock {
  #ms = 0;
  /** @type {{ at: number, run: () => void }[]} */
  #timers = [];
  /** How far the wall clock is off. */
  skewSecs = 0;

  now = () => START + this.skewSecs + Math.floor(this.#ms / 1000);
  steady = () => this.#ms;
  random = () => 0.5;
  after = (ms, run) => {
    const timer = { at: this.#ms + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  /** Moves on, and runs what is due on the way, in its order; in between, what that sets off gets its turn. */
  async advance(ms) {
    const end = this.#ms + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#ms = Math.max(this.#ms, next.at);
      next.run();
      await turn();
    }
    this.#ms = end;
  }
}

/** Lets everything that is ready run. */
export const turn = () => new Promise((done) => setImmediate(done));

const PATIENCE_MS = 10_000;

/** Waits for a condition: as long as it takes, and not for ever. */
export async function until(what, condition) {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 1));
  }
}
