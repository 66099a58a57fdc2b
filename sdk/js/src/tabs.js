/**
 * What a page remembers beyond its own life, and what tabs tell each other. Neither carries a secret: localStorage has
 * the fact "was signed in here", so that a reload or a second tab asks the issuer once, silently; the channel has the
 * word "signed-out".
 */

/** @typedef {import('./symbolon.js').Env} Env */

/** More silent redirects than this within a minute are a loop. */
const MAX_TRIES = 3;
const TRIES_WINDOW_MS = 60_000;

export class Tabs {
  /**
   * @param {Env} env
   * @param {string} prefix of this issuer's and client's keys
   * @param {() => void} onSignedOut another tab has signed out
   */
  constructor(env, prefix, onSignedOut) {
    this.env = env;
    this.prefix = prefix;
    this.channel = new env.BroadcastChannel(prefix);
    this.channel.onmessage = ({ data }) => data === 'signed-out' && onSignedOut();
  }

  /** Whether a silent restore is worth a redirect. */
  get wasSignedIn() {
    return this.#read('localStorage', 'was') !== null;
  }

  remember() {
    this.#write('localStorage', 'was', '1');
    this.#write('sessionStorage', 'tries', null);
  }

  forget() {
    this.#write('localStorage', 'was', null);
  }

  announceSignOut() {
    this.forget();
    this.channel.postMessage('signed-out');
  }

  /** Counts a silent redirect; false when there have been too many, or when they cannot be counted. */
  mayTry() {
    const now = this.env.Date.now();
    const [count, since] = (this.#read('sessionStorage', 'tries') ?? '').split(' ').map(Number);
    const fresh = now - since < TRIES_WINDOW_MS;
    if (fresh && count >= MAX_TRIES) return false;
    return this.#write('sessionStorage', 'tries', fresh ? `${count + 1} ${since}` : `1 ${now}`);
  }

  /** @param {'localStorage' | 'sessionStorage'} where @param {string} name */
  #read(where, name) {
    try {
      return this.env[where].getItem(this.prefix + name);
    } catch {
      return null; // blocked storage remembers nothing
    }
  }

  /** @param {'localStorage' | 'sessionStorage'} where @param {string} name @param {string | null} value */
  #write(where, name, value) {
    try {
      if (value === null) this.env[where].removeItem(this.prefix + name);
      else this.env[where].setItem(this.prefix + name, value);
      return true;
    } catch {
      return false;
    }
  }
}
