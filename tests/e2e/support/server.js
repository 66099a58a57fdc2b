/** The binary under test: starts it on free ports with fresh data, makes its first administrator, runs its commands. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Visitor } from './visitor.js';

const START_MS = 30_000;
const START_TURNS = 5;
const STOP_MS = 10_000;

export const ADMIN = { email: 'ada@example.test', name: 'Ada Lovelace', password: 'a calculating machine dreams' };

/** The environment without settings of the server: the test decides what it runs with. */
export const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SYMBOLON_')));

export function binary() {
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
  static async start(options) {
    const server = await Server.startNew(options);
    try {
      await server.#createAdmin();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /**
   * Starts one in development mode that nobody has set up: `setupLink` does.
   * @param {{ settings?: Record<string, string>, front?: (origin: string) => string, ca?: string }} [options] settings as variables of the
   *   environment; what stands in front of it, told where it is, and telling the issuer's address; `ca`, the
   *   certificate that it shows, where it speaks TLS
   */
  static async startNew(options = {}) {
    for (let turn = 1; ; turn++) {
      try {
        return await Server.#tryStart(options);
      } catch (error) {
        // Another run may have been quicker to take a free port.
        if (turn === START_TURNS || !/in use/.test(error.message)) throw error;
      }
    }
  }

  static async #tryStart({ settings = {}, front, ca }) {
    const server = new Server();
    server.ca = ca;
    server.data = await mkdtemp(join(tmpdir(), 'symbolon-e2e-'));
    const [port, spa, api] = await freePorts(3);
    server.app = `http://localhost:${spa}`;
    server.api = `http://localhost:${api}`;
    const issuer = front ? ['--issuer', front(`http://127.0.0.1:${port}`)] : [];
    const args = ['serve', '--dev', '--data', server.data, '--listen', `127.0.0.1:${port}`, '--sample-ports', `${spa},${api}`, ...issuer];
    server.spawn = () => {
      server.child = spawn(binary(), args, { cwd: server.data, env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
    };
    server.spawn();
    try {
      server.setupLink = await server.#link();
      server.issuer = new URL(server.setupLink).origin;
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
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
    const visitor = new Visitor({ ca: this.ca });
    const page = await visitor.get(this.setupLink);
    const { email, name, password } = ADMIN;
    const done = await visitor.submit(page, '/setup', { email, name, password, password_confirm: password });
    if (done.status >= 400) throw new Error(`set-up was refused: ${done.status}\n${done.body}`);
  }

  /** Runs a command beside the server; gives its JSON. */
  async command(args, input = '', said = () => {}) {
    const all = [...args, '--json', '--data', this.data];
    return new Promise((done, failed) => {
      const child = execFile(binary(), all, { cwd: this.data, env }, (error, stdout, stderr) => {
        if (error) failed(new Error(`symbolon ${args.join(' ')}: ${error.code}\n${stderr}`));
        else done(stdout.trim() === '' ? {} : JSON.parse(stdout));
      });
      child.stderr.on('data', said);
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

  /** Pulls the plug and starts it again, with the same data at the same address. It may take a moment to answer. */
  async crash() {
    await this.#end('SIGKILL');
    this.spawn();
    this.child.stdout.resume();
    this.child.stderr.resume();
  }

  async #end(signal) {
    if (this.child.exitCode !== null || this.child.signalCode !== null || !this.child.pid) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async stop() {
    await this.#end('SIGTERM');
    await rm(this.data, { recursive: true, force: true });
  }
}
