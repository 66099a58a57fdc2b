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
  constructor(env, prefix, where, onMessage) {
    this.env = env;
    this.prefix = prefix;
    this.where = where;
    this.channel = new env.BroadcastChannel(prefix);
    this.channel.onmessage = ({ data }) => onMessage(data);
  }

  /** @param {any} data */
  tell(data) {
    this.channel.postMessage(data);
  }

  /**
   * The mark that somebody is signed in; null: nobody is, or has signed out since; undefined: blocked storage remembers
   * nothing.
   * @param {'1' | ''} [set] to make it, or take it away
   */
  mark(set) {
    try {
      const storage = this.env[this.where];
      const key = `${this.prefix}was`;
      if (set) storage.setItem(key, set);
      else if (set === '') storage.removeItem(key);
      return storage.getItem(key);
    } catch {
      return undefined;
    }
  }
}
