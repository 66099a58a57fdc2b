/**
 * Follows the issuer's revocation feed (decision 6): a snapshot first, then the stream, and again from where it broke off.
 *
 * | When | What happens |
 * |---|---|
 * | an event adds on to what is known | it is taken in, and the issuer's time with it |
 * | entries are missing between, or the log is another one | a snapshot |
 * | the server cannot go on from where we are (410) | a snapshot |
 * | an event or snapshot is forged or cannot be read | nothing of it counts; the connection is given up, then a snapshot |
 * | an event is older than what is known, and of what is known | nothing of it counts, nor is it a sign of life |
 * | an older one claims more than what is known, or a snapshot is older | nothing of it counts; given up, then a snapshot |
 * | the stream is silent | given up |
 * | the numbers go back in a newer event | the database was put back: said aloud, what was known is kept, a snapshot |
 * | given up | again after 0.5 s, 1 s, 2 s, … up to 15 s, spread at random |
 *
 * Nothing here keeps the process alive.
 */

import { pause, Watchdog } from '../clock.js';
import { FeedError, warn } from '../errors.js';
import { basic, discard, exchange, failure, read, TIMEOUT_MS } from '../http.js';
import { MAX_EVENT_LENGTH, verifyEvent } from './event.js';
import { RECORD_BYTES } from './revoked.js';
import { addSnapshot, MAX_SNAPSHOT_BYTES, MEDIA_TYPE, verifySnapshot } from './snapshot.js';
import { EventReader } from './sse.js';

const BACKOFF_MS = [500, 15_000];
/** How often to ask an issuer that has no feed whether it has one now. */
const ASK_AGAIN_MS = 600_000;
/** Of snapshots in shorter intervals than this the first two come at once, and more after a pause. */
const SNAPSHOT_INTERVAL_MS = 30_000;
/** No piece of a snapshot for so long. */
const SNAPSHOT_SILENCE_MS = 10_000;

/**
 * @typedef {object} Wiring
 * @property {import('../clock.js').Clock} clock
 * @property {import('../http.js').Fetch} fetch
 * @property {import('../discovery.js').Discovery} discovery
 * @property {import('../jwks/cache.js').KeyCache} keys
 * @property {import('./signed.js').Heads} heads
 * @property {import('./revoked.js').Revoked} revoked
 * @property {{ id: string, secret: string }} [credentials]
 * @property {boolean} mayLackDiscovery the issuer may be one without a discovery document
 * @property {number} silenceMs after which a stream is given up
 * @property {() => void} changed is called when something below may have changed
 */

/** @typedef {{ epoch: string, seq: number }} Position */

export class Follower {
  /** Whether the issuer has a feed; unknown until it could be asked. @type {boolean | undefined} */
  offered;
  /** The stream is open and has brought an event. */
  following = false;
  /** Where we are. @type {Position | undefined} */
  position;
  /** Why we are not following. @type {string | undefined} */
  lastError;
  /** How long the newest entry of the stream took to get here, by both clocks. @type {number | undefined} */
  lagSecs;
  /** The newest signed time, and when it came, in steady milliseconds. */
  #iat = -Infinity;
  #iatCameAt = -Infinity;
  #needsSnapshot = true;
  #snapshotAt = -Infinity;
  #resyncs = 0;
  #failures = 0;
  #wiring;

  /** @param {Wiring} wiring */
  constructor(wiring) {
    this.#wiring = wiring;
  }

  /**
   * How old our knowledge is, in seconds: by the newest signed time or by our own steady clock, whichever is worse.
   * @param {number} now
   */
  staleness(now) {
    return Math.max(0, now - this.#iat, (this.#wiring.clock.steady() - this.#iatCameAt) / 1000);
  }

  /**
   * Follows until the signal aborts. Never fails.
   * @param {AbortSignal} signal
   * @param {() => void} tried is called after each attempt to get at the feed, and when one has come so far
   */
  async run(signal, tried) {
    while (!signal.aborted) {
      let wait;
      try {
        wait = await this.#attempt(signal, tried);
      } catch (error) {
        wait = this.#failed(failure('revocation feed', error));
      }
      this.following = false;
      this.#wiring.changed();
      tried();
      if (wait > 0) await pause(this.#wiring.clock, wait, signal);
    }
  }

  /**
   * One time as far as it goes; gives the milliseconds until the next.
   * @param {AbortSignal} signal
   * @param {() => void} tried
   */
  async #attempt(signal, tried) {
    const { keys, clock } = this.#wiring;
    await keys.load();
    const { stream, snapshot } = await this.#endpoints(signal);
    if (!stream || !snapshot) {
      // One that was there once is missed.
      if (this.offered) throw new FeedError('the issuer offers no revocation feed any more');
      this.offered = false;
      this.lastError = 'the issuer offers no revocation feed';
      this.#wiring.discovery.forget();
      return ASK_AGAIN_MS;
    }
    this.offered = true;
    if (this.#needsSnapshot || !this.position) {
      const again = clock.steady() - this.#snapshotAt < SNAPSHOT_INTERVAL_MS;
      this.#resyncs = again ? this.#resyncs + 1 : 0;
      if (this.#resyncs > 1) await pause(clock, this.#backoff(this.#resyncs - 1), signal);
      await this.#takeSnapshot(snapshot, signal);
    }
    this.#wiring.changed();
    tried();
    await this.#follow(stream, signal);
    if (!this.#needsSnapshot && !this.following) throw new FeedError('the revocation stream ended before it said anything');
    // The server has ended the stream, as it does before it restarts, or we need a snapshot. All its guards come at once.
    return this.#needsSnapshot ? 0 : Math.ceil(clock.random() * BACKOFF_MS[0]);
  }

  /** @param {FeedError} error */
  #failed(error) {
    this.lastError = error.message;
    // An address may have changed.
    this.#wiring.discovery.forget();
    this.#failures++;
    return Math.max(this.#backoff(this.#failures), error.retryAfterSecs * 1000);
  }

  /**
   * Milliseconds to wait after so many failures.
   * @param {number} failures
   */
  #backoff(failures) {
    const [least, most] = BACKOFF_MS;
    return Math.min(least * 2 ** Math.min(failures - 1, 10), most) * (0.5 + this.#wiring.clock.random() / 2);
  }

  /** @param {AbortSignal} parent */
  async #endpoints(parent) {
    const { discovery, mayLackDiscovery } = this.#wiring;
    const watchdog = this.#watch(parent);
    try {
      return await discovery.load(watchdog.signal);
    } catch (error) {
      if (mayLackDiscovery && error instanceof FeedError && error.status === 404) return {};
      throw error;
    } finally {
      watchdog.end();
    }
  }

  /**
   * @param {URL} url
   * @param {AbortSignal} parent
   */
  async #takeSnapshot(url, parent) {
    const { clock, fetch, heads, revoked } = this.#wiring;
    const watchdog = this.#watch(parent);
    const { signal } = watchdog;
    this.#snapshotAt = clock.steady();
    try {
      const reply = await exchange(fetch, 'revocation snapshot', url, this.#ask(MEDIA_TYPE, signal));
      const each = () => watchdog.extend(SNAPSHOT_SILENCE_MS, silent);
      const bytes = await read('revocation snapshot', reply, { max: MAX_SNAPSHOT_BYTES, signal, each });
      const snapshot = await verifySnapshot(heads, bytes);
      // What the issuer has signed is true for ever; how far we are is another question.
      await addSnapshot(revoked, snapshot, this.#dueAt(snapshot.iat), parent);
      this.#refuseOlder(snapshot);
      this.#arrive(snapshot);
      this.#needsSnapshot = false;
    } finally {
      watchdog.end();
    }
  }

  /**
   * Reads the stream until it ends, or until what it brings shows that a snapshot is needed.
   * @param {URL} endpoint
   * @param {AbortSignal} parent
   */
  async #follow(endpoint, parent) {
    const { fetch, silenceMs } = this.#wiring;
    const watchdog = this.#watch(parent);
    const { signal } = watchdog;
    const url = new URL(endpoint);
    if (this.position) url.searchParams.set('after', `${this.position.epoch}.${this.position.seq}`);
    try {
      const reply = await exchange(fetch, 'revocation stream', url, this.#ask('text/event-stream', signal));
      // The first event may be older than our snapshot; the one that counts comes with the next heartbeat.
      watchdog.extend(silenceMs, silent);
      try {
        const type = reply.headers.get('content-type') ?? '';
        if (!/^text\/event-stream\b/i.test(type)) throw new FeedError('the revocation stream is none');
        const reader = new EventReader(MAX_EVENT_LENGTH + 1024);
        for await (const bytes of reply.body ?? []) {
          for (const { event, data } of reader.push(bytes)) {
            if (event !== 'revocations') continue;
            const isNews = this.#take(await this.#verified(data));
            if (this.#needsSnapshot) return;
            if (isNews) watchdog.extend(silenceMs, silent);
          }
        }
      } catch (error) {
        throw failure('revocation stream', error, signal);
      } finally {
        discard(reply);
      }
    } catch (error) {
      if (!(error instanceof FeedError && error.status === 410)) throw error;
      this.#needsSnapshot = true;
      this.lastError = error.message;
    } finally {
      watchdog.end();
    }
  }

  /** @param {string} jws */
  async #verified(jws) {
    try {
      return await verifyEvent(this.#wiring.heads, jws);
    } catch (error) {
      // It may be signed by a key that is gone by now; to ask from the same place would bring it again. A snapshot is signed today.
      this.#needsSnapshot = true;
      throw error;
    }
  }

  /**
   * Takes in an event; says whether it counted.
   * @param {import('./event.js').Event} event
   */
  #take(event) {
    const { clock, revoked } = this.#wiring;
    const known = this.position;
    // Replayed, or what the server had said last when we took a snapshot that is newer.
    if (event.iat < this.#iat && event.epoch === known?.epoch && event.seq <= known.seq) return false;
    if (event.iat < this.#iat) {
      // Whatever the order, it is true.
      for (let at = 0; at < event.entries.length; at += RECORD_BYTES)
        revoked.addRecord(event.entries, at, this.#dueAt(event.iat));
    }
    this.#refuseOlder(event);
    if (known?.epoch !== event.epoch || event.after > known.seq) {
      this.#needsSnapshot = true;
      this.lastError = 'entries of the revocation stream are missing';
      return false;
    }
    // The same second twice says nothing about the order: this one was seen before.
    if (event.seq < known.seq && event.iat === this.#iat) return false;
    // Entries that are known already need not be read again, unless the numbers mean other ones now.
    const from = event.seq < known.seq ? 0 : (known.seq - event.after) * RECORD_BYTES;
    for (let at = from; at < event.entries.length; at += RECORD_BYTES)
      this.lagSecs = Math.max(0, clock.now() - revoked.addRecord(event.entries, at, this.#dueAt(event.iat)));
    this.#arrive(event);
    this.following = true;
    this.#failures = 0;
    this.lastError = undefined;
    this.#wiring.changed();
    return true;
  }

  /**
   * Nothing in between can show us as new what was once true.
   * @param {{ iat: number }} head
   */
  #refuseOlder({ iat }) {
    if (iat >= this.#iat) return;
    // Two clocks of the server may have crossed; to ask from the same place would bring the same event again.
    this.#needsSnapshot = true;
    throw new FeedError('a signed head is older than what is known');
  }

  /** What is due by now. */
  get dueAt() {
    return this.#dueAt(-Infinity);
  }

  /**
   * By the time of day, but not beyond what the issuer has signed and what has passed since: a clock that is ahead for a while must not
   * make anything forgotten that is refused when it is right again.
   * @param {number} iat signed, and just heard
   */
  #dueAt(iat) {
    const { clock } = this.#wiring;
    const passed = (clock.steady() - this.#iatCameAt) / 1000;
    const signed = this.#iat === -Infinity ? iat : Math.max(iat, this.#iat + passed);
    return signed === -Infinity ? clock.now() : Math.min(clock.now(), signed);
  }

  /**
   * Remembers where we are and when that was true.
   * @param {{ iat: number, epoch: string, seq: number }} head
   */
  #arrive({ iat, epoch, seq }) {
    const known = this.position;
    if (known && known.epoch === epoch && seq < known.seq) {
      // Of the same second: what came first is the newer one.
      if (iat === this.#iat) return;
      warn('SYMBOLON_PUT_BACK', "the issuer's database was put back to an older state; what was revoked before stays so");
      this.#needsSnapshot = true;
    }
    if (known && known.epoch !== epoch)
      warn('SYMBOLON_OTHER_LOG', "the issuer's revocation log is another one now; what was revoked before stays so");
    this.position = { epoch, seq };
    if (iat > this.#iat) {
      this.#iat = iat;
      this.#iatCameAt = this.#wiring.clock.steady();
    }
  }

  /** @param {AbortSignal} parent */
  #watch(parent) {
    const watchdog = new Watchdog(this.#wiring.clock, parent);
    watchdog.extend(TIMEOUT_MS, silent);
    return watchdog;
  }

  /**
   * @param {string} accept
   * @param {AbortSignal} signal
   */
  #ask(accept, signal) {
    return { headers: { accept, ...basic(this.#wiring.credentials) }, signal, background: true };
  }
}

const silent = () => new FeedError('the revocation feed is silent');
