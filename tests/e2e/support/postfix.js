/**
 * Postfix as Debian packages it, with a folder of its own: mail for example.test comes by STARTTLS and ends in a Maildir, after whoever decides about
 * recipients has said yes (its policy protocol, by which greylisting is done). `xtask/src/install.rs` installs it. Its master starts as root alone.
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort, serverFiles } from './certificates.js';

const run = promisify(execFile);
const PROGRAM = '/usr/sbin/postfix';
const PATIENCE_MS = 20_000;
const LETTER_TURNS = 1600;
const TURN_MS = 25;
/** Takes no letter of ours: each is larger. */
const SMALL_BYTES = 1024;

/** Why there is none; nothing where there is one. */
export const lacksPostfix = !existsSync(PROGRAM)
  ? `no ${PROGRAM}; try: apt-get install postfix`
  : process.getuid() !== 0
    ? 'Postfix is started by root alone; run `node --test postfix.test.js` as root'
    : undefined;

const SERVICES = `
postlog   unix-dgram n - n - 1 postlogd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
`;

export class Postfix {
  /** Who is told to come later: recipients, each until it is taken out. */
  greylisted = new Set();
  /** What it has been asked about: `{ sender, recipient, … }`. */
  asked = [];

  static async start() {
    const postfix = new Postfix();
    postfix.folder = await mkdtemp(join(tmpdir(), 'symbolon-postfix-'));
    try {
      [postfix.port, postfix.smallPort] = [await freePort(), await freePort()];
      postfix.policy = createServer((socket) => postfix.#decide(socket));
      await once(postfix.policy.listen(0, '127.0.0.1'), 'listening');
      await postfix.#configure();
      await postfix.#control('start');
      postfix.started = true;
    } catch (error) {
      await postfix.stop();
      throw error;
    }
    return postfix;
  }

  async #configure() {
    const { folder } = this;
    // It works as a user of its own, which has to get here.
    await chmod(folder, 0o755);
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (which) => Number((await run('id', [which, 'postfix'])).stdout)));
    for (const name of ['queue', 'data', 'mail']) await mkdir(join(folder, name));
    await chown(join(folder, 'data'), uid, gid);
    await chown(join(folder, 'mail'), uid, gid);
    await writeFile(join(folder, 'chain.pem'), `${await readFile(serverFiles.key, 'utf8')}\n${await readFile(serverFiles.cert, 'utf8')}`, { mode: 0o600 });
    const settings = {
      compatibility_level: '3.6',
      queue_directory: join(folder, 'queue'),
      data_directory: join(folder, 'data'),
      maillog_file: join(folder, 'log'),
      maillog_file_prefixes: folder,
      myhostname: 'mx.example.test',
      mydestination: '',
      inet_interfaces: '127.0.0.1',
      inet_protocols: 'ipv4',
      alias_maps: '',
      virtual_mailbox_domains: 'example.test',
      virtual_mailbox_maps: 'static:all/',
      virtual_mailbox_base: join(folder, 'mail'),
      virtual_minimum_uid: '1',
      virtual_uid_maps: `static:${uid}`,
      virtual_gid_maps: `static:${gid}`,
      smtpd_tls_chain_files: join(folder, 'chain.pem'),
      smtpd_tls_security_level: 'encrypt',
      smtpd_tls_received_header: 'yes',
      smtpd_recipient_restrictions: `reject_unauth_destination, check_policy_service inet:127.0.0.1:${this.policy.address().port}`,
    };
    await writeFile(join(folder, 'main.cf'), Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`).join(''));
    const small = `127.0.0.1:${this.smallPort} inet n - n - - smtpd -o message_size_limit=${SMALL_BYTES}`;
    await writeFile(join(folder, 'master.cf'), `127.0.0.1:${this.port} inet n - n - - smtpd\n${small}${SERVICES}`);
  }

  /** Its own script does both, and returns when it is done; whoever is impatient reads the log. */
  async #control(command) {
    await run(PROGRAM, ['-c', this.folder, command], { timeout: PATIENCE_MS }).catch(async (error) => {
      throw new Error(`postfix ${command}: ${error.message}\n${await this.log()}`);
    });
  }

  /** What it wrote of its work. */
  log = () => readFile(join(this.folder, 'log'), 'utf8').catch(() => '');

  /** One decision for each block of lines: http://www.postfix.org/SMTPD_POLICY_README.html */
  #decide(socket) {
    let request = {};
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      const [, name, value] = /^([^=]*)=(.*)$/.exec(line) ?? [];
      if (name !== undefined) return (request[name] = value);
      this.asked.push(request);
      const later = this.greylisted.has(request.recipient);
      request = {};
      socket.write(`action=${later ? 'defer_if_permit Greylisted, come back later' : 'dunno'}\n\n`);
    });
  }

  /** The letters that were delivered to an address. */
  async letters(to) {
    const folder = join(this.folder, 'mail/all/new');
    const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
    const all = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return all.filter((raw) => new RegExp(`^Delivered-To: ${to}$`, 'm').test(raw));
  }

  /** The letter to an address with this number, once it is there. */
  async letter(to, number = 0) {
    for (let turn = 0; turn < LETTER_TURNS; turn++) {
      const raw = (await this.letters(to))[number];
      if (raw) return raw;
      await new Promise((soon) => setTimeout(soon, TURN_MS));
    }
    throw new Error(`no letter ${number} to ${to}; Postfix wrote:\n${await this.log()}`);
  }

  async stop() {
    this.policy?.close();
    if (this.started) await this.#control('stop');
    await rm(this.folder, { recursive: true, force: true });
  }
}
