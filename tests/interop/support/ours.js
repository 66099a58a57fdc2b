/** The crate under test, behind `crates/jose/examples/interop`: one child process per test file. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const PROGRAM = process.env.SYMBOLON_JOSE_INTEROP
  ?? new URL('../../../target/debug/examples/interop', import.meta.url).pathname;

/** The crate refused; `refused` is the name of its cause. */
export class Refusal extends Error {
  constructor({ error, message }) {
    super(`${error}: ${message}`);
    this.name = 'Refusal';
    this.refused = error;
  }
}

export class Ours {
  #child;
  #made = new Map();
  #waiting = []; // answers come in the order of the questions

  constructor() {
    this.#child = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] });
    const fail = (error) => this.#waiting.splice(0).forEach(({ reject }) => reject(error));
    this.#child.once('error', fail);
    this.#child.once('exit', (code, signal) => fail(new Error(`the program ended: ${code ?? signal}`)));
    this.#child.stdin.once('error', fail);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#settle(JSON.parse(line)));
  }

  #settle(answer) {
    const { resolve, reject } = this.#waiting.shift();
    if ('ok' in answer) resolve(answer.ok);
    else if ('error' in answer) reject(new Refusal(answer));
    else reject(new Error(`wrong request: ${answer.protocol}`));
  }

  /** One request; throws `Refusal` where the crate refuses. */
  ask(op, fields) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ op, ...fields })}\n`);
    });
  }

  /**
   * A key pair of ours, the same for the same arguments. One RSA key serves all its algorithms: making one takes long.
   */
  generated(alg, curve) {
    if (!/^(RS|PS|RSA-OAEP)/.test(alg)) return this.#remembered(`${alg} ${curve}`, () => this.ask('generate', { alg, curve }));
    const bound = { alg, use: alg.startsWith('RSA') ? 'enc' : 'sig' };
    return this.#remembered('RSA', () => this.ask('generate', { alg: 'RS256' })).then((halves) => ({
      private: { ...halves.private, ...bound },
      public: { ...halves.public, ...bound },
    }));
  }

  #remembered(name, make) {
    if (!this.#made.has(name)) this.#made.set(name, make());
    return this.#made.get(name);
  }

  stop() {
    this.#child.removeAllListeners('exit');
    this.#child.stdin.end();
  }
}
