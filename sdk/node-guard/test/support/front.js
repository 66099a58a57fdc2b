/** What stands between guard and issuer: a proxy that can cut the line, listen, and put in words of its own. */

import { once } from 'node:events';
import { createServer, request } from 'node:http';

const STREAM = '/revocations/stream';
const FEED = '/revocations/';

export class Front {
  /** Paths that begin with one of these do not get through. */
  #cut = [];
  #streams = new Set();
  /** What was asked for, path and query, by which a test sees who goes on from where. */
  asked = [];
  /** What the issuer has said on its streams. */
  heard = '';
  /** The address that is asked instead of the one that was. */
  rewrite = (path) => path;

  static async start() {
    const front = new Front();
    front.server = createServer((asking, answer) => front.#pass(asking, answer)).listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    front.origin = `http://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  /** The feed, or all of it, is gone from now on. */
  cut(path = FEED) {
    this.#cut.push(path);
    for (const stream of this.#streams) stream.destroy();
  }

  mend() {
    this.#cut = [];
  }

  /** Says something on every open stream. */
  inject(text) {
    for (const stream of this.#streams) stream.write(text);
  }

  get followers() {
    return this.#streams.size;
  }

  /** Requests so far whose path begins so. */
  count(path) {
    return this.asked.filter((asked) => asked.startsWith(path)).length;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  #pass(asking, answer) {
    this.asked.push(asking.url);
    if (this.#cut.some((path) => asking.url.startsWith(path))) return answer.destroy();
    const url = new URL(this.rewrite(asking.url), this.target);
    const passed = request(url, { method: asking.method, headers: asking.headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      answer.flushHeaders();
      if (url.pathname === STREAM && reply.statusCode === 200) {
        this.#streams.add(answer);
        reply.setEncoding('latin1').on('data', (text) => { this.heard += text; });
      }
      reply.on('error', () => answer.destroy()).pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => {
      this.#streams.delete(answer);
      passed.destroy();
    });
    asking.pipe(passed);
  }
}
