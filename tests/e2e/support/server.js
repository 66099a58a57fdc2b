/** The binary under test: starts it on free ports with fresh data, makes its first administrator, runs its commands. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Visitor } from './visitor.js';

const START_MS = 30_000;
const START_TURNS = 5;
const STOP_MS = 10_000;

export const ADMIN = { email: 'ada@example.test', name: 'Ada Lovelace', password: 'a calculating machine dreams' };

/** The environment without settings of the server: the test decides what it runs with. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SYMBOLON_')));

function binary() {
  const given = process.env.SYMBOLON_BIN;
  const found = given ? resolve(given) : join(import.meta.dirname, '../../../target/debug/symbolon');
  if (!existsSync(found)) throw new Error(`no binary at ${found}; build it, or name it in SYMBOLON_BIN`);
  return found;
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

export class Server {
  /** Starts one in development mode, with its first administrator. */
  static async start() {
    const server = await Server.startNew();
    try {
      await server.#createAdmin();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Starts one in development mode that nobody has set up: `setupLink` does. */
  static async startNew() {
    for (let turn = 1; ; turn++) {
      try {
        return await Server.#tryStart();
      } catch (error) {
        // Another run may have been quicker to take a free port.
        if (turn === START_TURNS || !/in use/.test(error.message)) throw error;
      }
    }
  }

  static async #tryStart() {
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), 'symbolon-e2e-'));
    const [port, spa, api] = await freePorts(3);
    server.app = `http://localhost:${spa}`;
    server.api = `http://localhost:${api}`;
    server.args = ['serve', '--dev', '--data', server.data, '--listen', `127.0.0.1:${port}`, '--sample-ports', `${spa},${api}`];
    server.#spawn();
    try {
      server.setupLink = await server.#link();
      server.issuer = new URL(server.setupLink).origin;
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  #spawn() {
    this.child = spawn(binary(), this.args, { cwd: this.data, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Ends it as a power cut would, and starts it again on the same data. */
  async crash() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    this.#spawn();
    this.child.stdout.resume();
    this.child.stderr.resume();
    const isReady = () => fetch(`${this.issuer}/readyz`).then(({ ok }) => ok, () => false);
    for (const limit = Date.now() + START_MS; !(await isReady()); await wait(50)) {
      if (Date.now() > limit) throw new Error(`not ready again in ${START_MS} ms`);
    }
  }

  /** The set-up link it prints. */
  #link() {
    return new Promise((found, failed) => {
      let said = '';
      const give = (why) => failed(new Error(`the server ${why}; it said:\n${said}`));
      const timer = setTimeout(() => give(`printed no set-up link in ${START_MS} ms`), START_MS);
      const read = (chunk) => {
        said += chunk;
        const link = /https?:\/\/\S+\/setup\?code=\S+/.exec(said);
        if (!link) return;
        clearTimeout(timer);
        found(link[0]);
      };
      this.child.stdout.setEncoding('utf8').on('data', read);
      this.child.stderr.setEncoding('utf8').on('data', read);
      this.child.once('error', (error) => give(`could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) => give(`ended with ${signal ?? code}`));
    });
  }

  async #createAdmin() {
    const visitor = new Visitor();
    const page = await visitor.get(this.setupLink);
    const { email, name, password } = ADMIN;
    const done = await visitor.submit(page, '/setup', { email, name, password, password_confirm: password });
    if (done.status >= 400) throw new Error(`set-up was refused: ${done.status}\n${done.body}`);
  }

  /** Runs a command beside the server; gives its JSON. */
  async command(args, input = '') {
    const all = [...args, '--json', '--data', this.data];
    return new Promise((done, failed) => {
      const child = execFile(binary(), all, { cwd: this.data, env }, (error, stdout, stderr) => {
        if (error) failed(new Error(`symbolon ${args.join(' ')}: ${error.code}\n${stderr}`));
        else done(stdout.trim() === '' ? {} : JSON.parse(stdout));
      });
      child.stdin.on('error', () => {}); // a command that reads none may have ended; its exit code counts
      child.stdin.end(input);
    });
  }

  /** Another person, without any role. */
  async addUser(email, name, password) {
    await this.command(['user', 'add', '--email', email, '--name', name, '--password-stdin'], `${password}\n`);
    return { email, name, password };
  }

  /** Writes a file into the data folder, for commands that read one. */
  async file(name, value) {
    const path = join(this.data, name);
    await writeFile(path, JSON.stringify(value), { mode: 0o600 });
    return path;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    }
    await rm(this.data, { recursive: true, force: true });
  }
}
