/** A mail server (npm `smtp-server`) that keeps what it takes, and can be told to refuse, to hang or to be gone. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { freePort, serverFiles } from './certificates.js';

export class MailServer {
  /** What it took: `{ from, to, raw, secure, user }`. */
  letters = [];
  /** What it says to recipients: nothing, or `[code, words]`. */
  refuses = null;
  /** Whether it says nothing at all once somebody is connected. */
  hangs = false;
  connections = 0;
  #waiting = [];
  #options;

  /** @param {import('smtp-server').SMTPServerOptions & { port?: number }} options */
  static async start(options = {}) {
    const server = new MailServer();
    server.port = options.port ?? (await freePort());
    server.#options = options;
    await server.open();
    return server;
  }

  async open() {
    const { cert, key } = serverFiles;
    this.smtp = new SMTPServer({
      authOptional: true,
      closeTimeout: 100,
      cert: readFileSync(cert),
      key: readFileSync(key),
      ...this.#options,
      onConnect: (session, done) => {
        this.connections++;
        if (!this.hangs) done();
      },
      onAuth: ({ username, password }, session, done) =>
        done(password === 'sesame' ? null : Object.assign(new Error('who are you?'), { responseCode: 535 }), { user: username }),
      onRcptTo: (address, session, done) =>
        done(this.refuses && Object.assign(new Error(this.refuses[1]), { responseCode: this.refuses[0] })),
      onData: async (stream, session, done) => {
        const { mailFrom, rcptTo } = session.envelope;
        const letter = { from: mailFrom.address, to: rcptTo.map(({ address }) => address), raw: await text(stream), secure: session.secure, user: session.user };
        done(null, 'taken');
        this.letters.push(letter);
        this.#waiting.splice(0).forEach((tell) => tell());
      },
    });
    // Whoever does not trust it hangs up, which is no fault of a test.
    this.smtp.on('error', () => {});
    this.smtp.listen(this.port, '127.0.0.1');
    await once(this.smtp.server, 'listening');
  }

  /** The letter with this number, once it is there. */
  async letter(number) {
    while (this.letters.length <= number) await new Promise((tell) => this.#waiting.push(tell));
    return this.letters[number];
  }

  async close() {
    await new Promise((done) => this.smtp.close(done));
  }
}

/** The plain text of a letter. */
export function plain({ raw }) {
  const part = raw.split(/\r?\n--[^\r\n]+\r?\n/).find((one) => /^content-type: text\/plain/im.test(one));
  const [head, body] = part.split(/\r?\n\r?\n(.*)/s);
  if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString();
  if (/quoted-printable/i.test(head)) {
    return body.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return body;
}
