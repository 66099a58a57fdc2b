/** Server-sent events (WHATWG HTML §9.2), as far as the feed needs them: `event` and `data`, bounded in length. */

import { FeedError } from '../errors.js';

/** The end of a line. */
const END = /[\r\n]/g;

/** Cuts a stream of bytes into events. */
export class EventReader {
  #decoder = new TextDecoder();
  #max;
  /** What has come of the line under way. */
  #line = '';
  /** A carriage return ended the last line, so that a line feed right behind it ends none. */
  #returned = false;
  #event = '';
  /** @type {string[]} */
  #data = [];
  /** Characters of the event under way. */
  #length = 0;

  /** @param {number} max characters of one event */
  constructor(max) {
    this.#max = max;
  }

  /**
   * The events that end in these bytes.
   * @param {Uint8Array} bytes
   * @returns {Generator<{ event: string, data: string }, void>}
   */
  *push(bytes) {
    const text = this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    if (this.#returned && text.startsWith('\n')) start = 1;
    if (text !== '') this.#returned = false;
    for (;;) {
      END.lastIndex = start;
      const at = END.exec(text)?.index;
      if (at === undefined) break;
      const line = this.#line + text.slice(start, at);
      this.#line = '';
      this.#grow(at - start);
      start = at + 1;
      if (text[at] === '\r') {
        if (start === text.length) this.#returned = true;
        else if (text[start] === '\n') start++;
      }
      if (line !== '') this.#field(line);
      else {
        const [event, data] = [this.#event || 'message', this.#data];
        this.#event = '';
        this.#data = [];
        this.#length = 0;
        if (data.length > 0) yield { event, data: data.join('\n') };
      }
    }
    this.#line += text.slice(start);
    this.#grow(text.length - start);
  }

  /** @param {number} characters */
  #grow(characters) {
    this.#length += characters;
    if (this.#length > this.#max) throw new FeedError('an event of the stream is too long');
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'event') this.#event = value;
    // An id is what the signed event says itself; comments begin with a colon and have no name.
    else if (name === 'data') this.#data.push(value);
  }
}
