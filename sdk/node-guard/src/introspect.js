/** Asking the issuer about one token (RFC 7662), where the feed is cut and the owner of the API chose to. */

import { Watchdog } from './clock.js';
import { parseObject } from './discovery.js';
import { FeedError } from './errors.js';
import { basic, exchange, failure, MAX_DOCUMENT_BYTES, read, TIMEOUT_MS } from './http.js';

/** So many questions at a time; who comes beyond that is told to come again. */
const MAX_QUESTIONS = 64;
const WHAT = 'introspection';

export class Introspector {
  #questions = 0;
  #wiring;

  /**
   * @param {{ clock: import('./clock.js').Clock, fetch: import('./http.js').Fetch,
   *   discovery: import('./discovery.js').Discovery, credentials?: { id: string, secret: string } }} wiring
   */
  constructor(wiring) {
    this.#wiring = wiring;
  }

  /**
   * Whether the issuer calls the token active. Fails when it could not be asked.
   * @param {string} token
   */
  async isActive(token) {
    const { clock, fetch, discovery, credentials } = this.#wiring;
    if (this.#questions >= MAX_QUESTIONS) throw new FeedError(`${WHAT}: too many questions at a time`);
    this.#questions++;
    const watchdog = new Watchdog(clock);
    watchdog.extend(TIMEOUT_MS, () => new FeedError(`${WHAT}: no answer within ${TIMEOUT_MS / 1000} seconds`));
    const { signal } = watchdog;
    try {
      const { introspection } = await discovery.load(signal);
      if (!introspection) throw new FeedError('the issuer offers no introspection');
      const reply = await exchange(fetch, WHAT, introspection, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          ...basic(credentials),
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        signal,
      });
      const answer = parseObject(await read(WHAT, reply, { max: MAX_DOCUMENT_BYTES, signal }));
      if (typeof answer?.active !== 'boolean') throw new FeedError(`${WHAT}: the answer cannot be read`);
      return answer.active;
    } catch (error) {
      throw failure(WHAT, error, signal);
    } finally {
      watchdog.end();
      this.#questions--;
    }
  }
}
