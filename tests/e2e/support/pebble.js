/**
 * Pebble, the ACME server of Let's Encrypt for tests, and what it stands on: names (a DNS server that knows some) and a certificate of its
 * own. `xtask/src/install.rs` builds it where there is Go.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fetchWith, freePort, serverFiles } from './certificates.js';

/** How long a line may take to come. */
const PATIENCE_MS = 30_000;

const program = process.env.PEBBLE_BIN ?? join(import.meta.dirname, '../../../target/pebble');

/** Why there is none; nothing where there is one. */
export const lacksPebble = existsSync(program) ? undefined : `no Pebble at ${program}; cargo xtask test builds it where there is Go`;

/** A DNS server over TCP that has the address of this machine for the names, and denies all others. */
export async function nameServer(names) {
  const server = createServer((socket) => {
    let waiting = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const end = 2 + waiting.readUInt16BE(0);
        socket.write(answerTo(waiting.subarray(2, end), names));
        waiting = waiting.subarray(end);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** RFC 1035 §4: the question as it came and, for an address of IPv4, the answer. */
function answerTo(query, names) {
  const labels = [];
  let at = 12;
  for (; query[at] !== 0; at += 1 + query[at]) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const question = query.subarray(12, at + 5);
  const known = names.includes(labels.join('.').toLowerCase());
  const address = known && query.readUInt16BE(at + 1) === 1;
  const head = Buffer.alloc(14);
  query.copy(head, 2, 0, 2);
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 4);
  head.writeUInt16BE(1, 6);
  head.writeUInt16BE(address ? 1 : 0, 8);
  const answer = address ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]) : Buffer.alloc(0);
  const whole = Buffer.concat([head, question, answer]);
  whole.writeUInt16BE(whole.length - 2, 0);
  return whole;
}

/** A process whose lines are remembered, and can be waited for. */
export class Told {
  #lines = [];
  #waiting = [];

  constructor(child) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => this.#hear(line));
    // What comes first is heard before the end is.
    this.ended = once(child, 'close').then(() => this.#waiting.splice(0).forEach(({ failed, pattern }) => failed(this.#unsaid(pattern))));
  }

  #hear(line) {
    this.#lines.push(line);
    this.#waiting = this.#waiting.filter(({ pattern, found }) => !pattern.test(line) || void found(line));
  }

  #unsaid(pattern) {
    return new Error(`it ended and never said ${pattern}; it said:\n${this.#lines.join('\n')}`);
  }

  /** The first line that matches, now or later. */
  said(pattern) {
    const line = this.#lines.find((one) => pattern.test(one));
    return line === undefined ? this.#once(pattern) : Promise.resolve(line);
  }

  #once(pattern) {
    return new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`it does not say ${pattern}; it said:\n${this.#lines.join('\n')}`)), PATIENCE_MS);
      const over = (settle) => (value) => (clearTimeout(timer), settle(value));
      this.#waiting.push({ pattern, found: over(found), failed: over(failed) });
    });
  }

  /** The next line that matches. */
  saidAgain(pattern) {
    const before = this.count(pattern);
    return this.#once({ test: (line) => pattern.test(line) && this.count(pattern) > before, toString: () => String(pattern) });
  }

  /** How many lines match so far. */
  count(pattern) {
    return this.#lines.filter((line) => pattern.test(line)).length;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

export class Pebble extends Told {
  /**
   * @param {{ names: import('node:net').Server, tlsPort: number, httpPort: number, seconds?: number, external?: Record<string, string> }} options
   *   where names are looked up, where it looks for proofs, how long its certificates live, and the keys of those who may have an account
   */
  static async start({ names, tlsPort, httpPort, seconds = 3600, external }) {
    const folder = await mkdtemp(join(tmpdir(), 'symbolon-pebble-'));
    const [port, management] = [await freePort(), await freePort()];
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: serverFiles.cert,
      privateKey: serverFiles.key,
      httpPort,
      tlsPort,
      externalAccountBindingRequired: external !== undefined,
      externalAccountMACKeys: external ?? {},
      keyAlgorithm: 'ecdsa',
      profiles: { default: { description: 'The one', validityPeriod: seconds } },
      retryAfter: { authz: 0, order: 0 },
    };
    await writeFile(join(folder, 'config.json'), JSON.stringify({ pebble }));
    // A third of all nonces is refused; nothing that was proven once counts again; and it looks at once.
    const env = { ...process.env, PEBBLE_WFE_NONCEREJECT: '33', PEBBLE_AUTHZREUSE: '0', PEBBLE_VA_NOSLEEP: '1' };
    const args = ['-strict', '-config', join(folder, 'config.json'), '-dnsserver', `127.0.0.1:${names.address().port}`];
    const told = new Pebble(spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    told.folder = folder;
    told.directory = `https://localhost:${port}/dir`;
    await told.said(/ACME directory available/);
    const fetch = fetchWith();
    for (let turn = 0; told.root === undefined; turn++) {
      // It says so before it listens.
      const answer = await fetch(`https://localhost:${management}/roots/0`).catch((error) => turn < 200 ? undefined : Promise.reject(error));
      told.root = await answer?.text();
    }
    return told;
  }

  async stop() {
    await super.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
