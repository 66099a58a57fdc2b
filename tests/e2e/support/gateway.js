/** A gateway of the binary under test, in front of APIs, with an app of one page. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverFiles } from './certificates.js';
import { quietPort } from './sample.js';
import { binary, env } from './server.js';

const START_MS = 30_000;
const STOP_MS = 10_000;

/** An API that tells what it was asked, for anybody: what reaches it is the gateway's doing. */
export async function echo() {
  const calls = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const call = { method, url, headers, length: Buffer.concat(chunks).length };
    calls.push(call);
    if (url === '/planted') {
      response.setHeader('set-cookie', ['__Host-symbolon-gateway=planted; Path=/; Secure', 'symbolon-gateway=planted']);
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', 'text/html');
      return response.end('<script>parent.planted = true</script>');
    }
    if (url === '/away') return response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
    if (url === '/within') return response.writeHead(302, { location: `http://127.0.0.1:${server.address().port}/next` }).end();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(call));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, calls, stop: () => new Promise((done) => (server.close(done), server.closeAllConnections())) };
}

export class Gateway {
  /**
   * Starts one that is registered at `server`; `isTls`: it speaks TLS, and trusts the certificate that the server shows.
   * @param {import('./server.js').Server} server
   * @param {{ files: Record<string, string>, apis: { path: string, url: string, audience: string, scope?: string }[], settings?: string, isTls?: boolean }} what
   */
  static async start(server, { files, apis, settings = '', isTls = false }) {
    const gateway = new Gateway();
    gateway.folder = await mkdtemp(join(tmpdir(), 'symbolon-gateway-'));
    const port = await quietPort();
    gateway.url = `${isTls ? 'https' : 'http'}://localhost:${port}`;
    await mkdir(join(gateway.folder, 'app'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(gateway.folder, 'app', name), text);
    const tables = apis.map((api) => ['[[api]]', ...Object.entries(api).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)].join('\n'));
    const head = `url = "${gateway.url}"\nissuer = "${server.issuer}"\nclient_id = "gateway-app"\n`;
    const tls = isTls ? `tls.cert = "${serverFiles.cert}"\ntls.key = "${serverFiles.key}"\n[upstream]\nca = "${serverFiles.cert}"\n` : '';
    const rest = `[app]\nfolder = "app"\n[http]\nlisten = "127.0.0.1:${port}"\n${tls}`;
    await writeFile(join(gateway.folder, 'gateway.toml'), [head, settings, rest, ...tables].join('\n'));
    try {
      const { register } = JSON.parse((await gateway.run(['gateway', 'check', '--json'])).stdout);
      await server.command(words(register));
      await gateway.spawn();
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** Runs a command in its folder. */
  async run(args) {
    const child = spawn(binary(), args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`symbolon ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
    return { stdout, stderr };
  }

  /** Starts the process, and waits until it says that it serves. */
  async spawn() {
    this.said = '';
    this.child = spawn(binary(), ['gateway', 'serve'], { cwd: this.folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise((done, failed) => {
      const give = (why) => failed(new Error(`the gateway ${why}; it said:\n${this.said}`));
      const timer = setTimeout(() => give(`did not start in ${START_MS} ms`), START_MS);
      this.child.stderr.setEncoding('utf8').on('data', (chunk) => {
        this.said += chunk;
        if (!this.said.includes('serving')) return;
        clearTimeout(timer);
        done();
      });
      this.child.once('exit', (code) => (clearTimeout(timer), give(`ended with ${code}`)));
    });
  }

  /** Pulls the plug and starts it again. */
  async crash() {
    await this.#end('SIGKILL');
    await this.spawn();
  }

  async #end(signal) {
    const { child } = this;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async stop() {
    await this.#end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The words of a command line for a shell, without the program's name. */
const words = (line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain).slice(1);
