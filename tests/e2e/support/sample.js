/** A sample application, started by the command that its README documents. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const START_MS = 120_000;
const STOP_MS = 10_000;
/** Below the ports that systems hand out by themselves: what is free stays free while a sample is built. */
const FIRST_PORT = 10_000;
const PORTS = 20_000;

/** A free port for somebody who must be told of it before it is taken. */
export async function quietPort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer().listen(port, 'localhost');
    const free = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    if (!free) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

export class Sample {
  /** Starts one with settings as variables of the environment; ready when it says where it is. */
  static async start(name, settings, script = 'start') {
    const sample = new Sample();
    const env = { ...process.env, ...settings, CI: 'true', NO_COLOR: '1' };
    // A group of its own: npm starts a shell, which starts the program.
    const command = { cwd: join(EXAMPLES, name), env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] };
    sample.child = spawn('npm', ['run', '--silent', script], command);
    try {
      sample.origin = new URL(await sample.#address(name)).origin;
    } catch (error) {
      await sample.stop();
      throw error;
    }
    return sample;
  }

  #address(name) {
    return new Promise((found, failed) => {
      let said = '';
      const give = (why) => {
        clearTimeout(timer);
        failed(new Error(`${name} ${why}; it said:\n${said}`));
      };
      const timer = setTimeout(() => give(`did not start in ${START_MS} ms`), START_MS);
      const read = (chunk) => {
        said += chunk;
        const address = /http:\/\/localhost:\d+/.exec(said);
        if (!address) return;
        clearTimeout(timer);
        found(address[0]);
      };
      this.child.stdout.setEncoding('utf8').on('data', read);
      this.child.stderr.setEncoding('utf8').on('data', (chunk) => (said += chunk));
      this.child.once('error', (error) => give(`could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) => give(`ended with ${signal ?? code}`));
    });
  }

  async stop() {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGTERM');
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}
