/**
 * Certificates that the server orders for itself, from Pebble: the first one, renewal, what is kept over a restart, and what is said when
 * nothing comes.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { get as getPlain } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { text } from 'node:stream/consumers';
import { freePort, serverFiles } from './support/certificates.js';
import { lacksPebble, nameServer, Pebble, Told } from './support/pebble.js';
import { binary, env } from './support/server.js';

const HOST = 'auth.symbolon.test';
const OTHER = 'mtls.symbolon.test';
const ORDERED = /a certificate was ordered/;
const FAILED = /no certificate could be ordered/;

/** A server for production that orders certificates, with its own folder. */
class Node extends Told {
  static async start({ port, data, pebble, settings = {} }) {
    const own = {
      SYMBOLON_ISSUER: `https://${HOST}:${port}`,
      SYMBOLON_HTTP__LISTEN: `127.0.0.1:${port}`,
      SYMBOLON_ACME__TERMS: 'agreed',
      SYMBOLON_ACME__DIRECTORY: pebble.directory,
      SYMBOLON_OUTGOING__ALLOW: '127.0.0.0/8,::1',
      SYMBOLON_OUTGOING__CA: serverFiles.cert,
    };
    const options = { cwd: data, env: { ...env, ...own, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] };
    const node = new Node(spawn(binary(), ['serve', '--data', data], options));
    node.command = (...args) => spawn(binary(), [...args, '--data', data], options);
    await node.said(/serving/);
    return node;
  }
}

describe('certificates by ACME', { skip: lacksPebble }, () => {
  let names;
  let port;
  let plain;
  const folders = [];
  const running = [];

  const folder = async () => {
    folders.push(await mkdtemp(join(tmpdir(), 'symbolon-acme-')));
    return folders.at(-1);
  };
  const started = async (starting) => {
    running.push(await starting);
    return running.at(-1);
  };
  const pebbleWith = (options) => started(Pebble.start({ names, tlsPort: port, httpPort: plain, ...options }));
  const nodeWith = (options) => started(Node.start({ port, ...options }));

  /** A connection as a browser makes one: to the name, trusting the authority. */
  const connection = async (pebble, host = HOST) => {
    const socket = connect({ host: '127.0.0.1', port, servername: host, ca: pebble.root, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    return socket;
  };
  const shown = async (pebble, host) => {
    const socket = await connection(pebble, host);
    const certificate = new X509Certificate(socket.getPeerX509Certificate().raw);
    socket.destroy();
    return certificate;
  };

  before(async () => {
    names = await nameServer([HOST, OTHER]);
    [port, plain] = [await freePort(), await freePort()];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
    await Promise.all(folders.splice(0).map((one) => rm(one, { recursive: true })));
  });
  after(() => names?.close());

  test('a new server orders one for all its names, and shows it after a restart without its authority', async () => {
    const external = { 'kid-1': 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' };
    const pebble = await pebbleWith({ external });
    const metrics = await freePort();
    const settings = {
      SYMBOLON_ACME__CONTACT: 'ops@symbolon.test',
      SYMBOLON_ACME__DOMAINS: `${HOST},${OTHER}`,
      SYMBOLON_ACME__EXTERNAL_ACCOUNT: `kid-1:${external['kid-1']}`,
      SYMBOLON_METRICS__LISTEN: `127.0.0.1:${metrics}`,
      SYMBOLON_HTTP__REDIRECT: `127.0.0.1:${plain}`,
    };
    const data = await folder();
    const first = await nodeWith({ data, pebble, settings });
    assert.match(await first.said(ORDERED), /auth\.symbolon\.test, mtls\.symbolon\.test/);
    assert.equal(first.count(/could not be proven over TLS/), 0);
    const certificate = await shown(pebble);
    assert.equal(certificate.subjectAltName, `DNS:${HOST}, DNS:${OTHER}`);
    assert.equal((await shown(pebble, OTHER)).serialNumber, certificate.serialNumber);

    const [answer] = await once(getPlain(`http://127.0.0.1:${metrics}/metrics`), 'response');
    const ends = Date.parse(certificate.validTo) / 1000;
    assert.match(await text(answer), new RegExp(`symbolon_certificate_end_timestamp_seconds ${ends}\n`));
    const [moved] = await once(getPlain(`http://127.0.0.1:${plain}/login?a=b`), 'response');
    assert.deepEqual([moved.resume().statusCode, moved.headers.location], [308, `https://${HOST}:${port}/login?a=b`]);
    const [unknown] = await once(getPlain(`http://127.0.0.1:${plain}/.well-known/acme-challenge/x`), 'response');
    assert.equal(unknown.resume().statusCode, 404);
    const doctor = await text(first.command('doctor').stdout);
    assert.match(doctor, /certificate.*ordered for auth\.symbolon\.test, mtls\.symbolon\.test, until/);

    await first.stop();
    await pebble.stop();
    const second = await nodeWith({ data, pebble, settings });
    assert.equal((await shown(pebble)).serialNumber, certificate.serialNumber);
    assert.equal(second.count(ORDERED) + second.count(FAILED), 0);
  });

  test('a certificate is renewed in time, under connections that go on', async () => {
    const pebble = await pebbleWith({ seconds: 7 });
    const node = await nodeWith({ data: await folder(), pebble });
    await node.said(ORDERED);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: pebble.root, servername: HOST });
    const ask = async () => {
      const [answer] = await once(get({ agent, host: '127.0.0.1', port, path: '/livez', headers: { host: HOST } }), 'response');
      await text(answer);
      return [answer.statusCode, answer.socket];
    };
    const [status, socket] = await ask();
    const old = (await shown(pebble)).serialNumber;
    // The authority says when it has made the next one, and the server when it shows it.
    await node.saidAgain(ORDERED);
    assert.notEqual((await shown(pebble)).serialNumber, old);
    const [later, same] = await ask();
    assert.deepEqual([status, later, same === socket], [200, 200, true]);
    agent.destroy();
  });

  test('where the port of TLS leads elsewhere, the names are proven over plain HTTP', async () => {
    const pebble = await pebbleWith({ tlsPort: await freePort() });
    const node = await nodeWith({ data: await folder(), pebble, settings: { SYMBOLON_HTTP__REDIRECT: `127.0.0.1:${plain}` } });
    assert.match(await node.said(/could not be proven over TLS/), /auth\.symbolon\.test leads here/);
    await node.said(ORDERED);
    assert.equal((await shown(pebble)).subjectAltName, `DNS:${HOST}`);
  });

  test('before there is one nothing is shown, and the log, health and doctor say why and what to do', async () => {
    const pebble = await pebbleWith({});
    const metrics = await freePort();
    const settings = { SYMBOLON_ACME__DOMAINS: `${HOST},nowhere.symbolon.test`, SYMBOLON_METRICS__LISTEN: `127.0.0.1:${metrics}` };
    const data = await folder();
    const node = await nodeWith({ data, pebble, settings });
    const told = await node.said(FAILED);
    assert.match(told, /nowhere\.symbolon\.test/);
    assert.match(told, /acme\.domains is in the public DNS/);
    await assert.rejects(shown(pebble), /alert|ECONNRESET/);
    await node.said(/connections are refused until there is a certificate/);
    const [answer] = await once(getPlain(`http://127.0.0.1:${metrics}/readyz`), 'response');
    const health = JSON.parse(await text(answer));
    assert.equal(health.certificate_ends_at, null);
    assert.match(health.certificate_trouble, /nowhere\.symbolon\.test/);
    const doctor = await text(node.command('doctor').stdout);
    assert.match(doctor, /there is none yet for auth\.symbolon\.test, nowhere\.symbolon\.test; .*next try/);
    await node.stop();

    // What is asked for now is not made to wait for what did not work.
    await pebble.stop();
    const away = await nodeWith({ data, pebble });
    assert.match(await away.said(FAILED), /cannot be reached/);
  });
});
