/**
 * A small issuer: a real server on loopback with real keys, tokens, discovery, a key set, a signed revocation feed and
 * introspection. What it does wrong, it does because a test says so.
 */

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { fingerprint, KINDS, record, snapshotBody, snapshotFile } from './log.js';
import { TestClock, until } from './clock.js';

export const AUDIENCE = 'https://api.example.com';
const LIFE_SECS = 600;

export class TestIssuer {
  keys = [];
  entries = [];
  epoch = 'Zk3v0Q';
  /** The number before the first entry that is still there. */
  first = 0;
  /** Requests so far, by path. */
  asked = {};
  streams = new Set();
  /** What the discovery document says besides; `undefined` leaves a member out. */
  metadata = {};
  /** Answers instead of our own, by path. */
  answers = {};
  introspect = () => ({ active: true });

  /** Starts one and stops it after the test. */
  static async start(t, { clock = new TestClock(), alg = 'ES256' } = {}) {
    const issuer = new TestIssuer();
    issuer.clock = clock;
    issuer.signing = await issuer.addKey('k1', alg);
    issuer.server = createServer((request, response) => issuer.#serve(request, response));
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    issuer.url = `http://127.0.0.1:${issuer.server.address().port}`;
    t.after(() => issuer.stop());
    return issuer;
  }

  async stop() {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((done) => this.server.close(done));
  }

  async addKey(kid, alg, { publish = true, jwk = {} } = {}) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig', ...jwk } };
    if (publish) this.keys.push(key);
    return key;
  }

  /** The claims of a good token. */
  claims(more = {}) {
    const now = this.clock.now();
    return {
      iss: this.url, aud: AUDIENCE, sub: 'u1', client_id: 'spa', iat: now, exp: now + LIFE_SECS, jti: randomUUID(),
      sid: 's1', rh: 'h1', scope: 'read:dragons tame:dragons', roles: ['admin'], ...more,
    };
  }

  async token(more, { key = this.signing, ...header } = {}) {
    return new SignJWT(this.claims(more))
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
      .sign(key.privateKey);
  }

  get seq() {
    return this.first + this.entries.length;
  }

  /** Adds an entry to the log; the streams are told by `publish`. */
  enter(name, id, { revokedAt = this.clock.now(), forgetAt = this.clock.now() + 900, kind = KINDS[name] } = {}) {
    this.entries.push({ kind, fingerprint: fingerprint(name, id), revokedAt, forgetAt });
  }

  /** Revokes and tells all who follow. */
  async revoke(name, id, options) {
    const after = this.seq;
    this.enter(name, id, options);
    await this.publish(after);
  }

  /** Sends one event with everything after a number; without news it is a heartbeat. */
  async publish(after = this.seq, claims = {}, options = {}) {
    const event = await this.event(after, claims, options);
    for (const stream of this.streams) stream.write(event);
  }

  async event(after, claims, options) {
    const jws = await this.eventJws(after, claims, options);
    return `id: ${this.epoch}.${this.seq}\nevent: revocations\ndata: ${jws}\n\n`;
  }

  async eventJws(after, claims = {}, { key = this.signing, typ = 'symbolon-revocations+jwt' } = {}) {
    const entries = Buffer.concat(this.entries.slice(after - this.first).map(record));
    return this.sign({
      iss: this.url, iat: this.clock.now(), epoch: this.epoch, after, seq: this.seq,
      ...(entries.length > 0 ? { entries: entries.toString('base64url') } : {}), ...claims,
    }, typ, key);
  }

  async snapshot(claims = {}, { key = this.signing, typ = 'symbolon-revocation-snapshot+jwt', body } = {}) {
    const signed = snapshotBody(this.entries);
    const sha256 = createHash('sha256').update(signed).digest('base64url');
    const head = await this.sign(
      { iss: this.url, iat: this.clock.now(), epoch: this.epoch, seq: this.seq, sha256, ...claims }, typ, key);
    return snapshotFile(head, body ?? signed);
  }

  sign(claims, typ, { alg, kid, privateKey }) {
    return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg, kid, typ }).sign(privateKey);
  }

  /** All connections of followers break. */
  cut() {
    for (const stream of this.streams) stream.destroy();
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    this.asked[pathname] = (this.asked[pathname] ?? 0) + 1;
    this.lastAuthorization = request.headers.authorization;
    const own = this.answers[pathname];
    if (own) return own(request, response, searchParams);
    const json = (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return json(this.#discovery());
      case '/jwks':
        return json({ keys: this.keys.map(({ jwk }) => jwk) });
      case '/revocations/stream':
        return this.follow(response, searchParams.get('after'));
      case '/revocations/snapshot':
        return response.setHeader('content-type', 'application/vnd.symbolon.revocations').end(await this.snapshot());
      case '/introspect': {
        const body = new URLSearchParams((await request.toArray()).join(''));
        return json(this.introspect(body.get('token')));
      }
      default:
        return response.writeHead(404).end();
    }
  }

  #discovery() {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/jwks`,
      introspection_endpoint: `${this.url}/introspect`,
      symbolon_revocation_stream_endpoint: `${this.url}/revocations/stream`,
      symbolon_revocation_snapshot_endpoint: `${this.url}/revocations/snapshot`,
      ...this.metadata,
    };
  }

  async follow(response, position) {
    const [epoch, number] = (position ?? '').split('.');
    const after = Number(number);
    if (epoch !== this.epoch || !(after >= this.first && after <= this.seq))
      return response.writeHead(410, { 'content-type': 'application/json' }).end('{"error":"snapshot_required"}');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(await this.event(after, {}, {}));
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    return response;
  }
}

/** An issuer and a guard that follows it. */
export async function following(t, createGuard, { options = {}, prepare = () => {} } = {}) {
  const issuer = await TestIssuer.start(t);
  await prepare(issuer);
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, ...options }, issuer.clock);
  t.after(() => guard.close());
  await guard.ready();
  await until('the guard follows', () => guard.status().following && issuer.streams.size === 1);
  return { issuer, guard, clock: issuer.clock };
}

/** The reason of a refusal. */
export const reasonOf = (promise) => promise.then(() => 'accepted', ({ reason, message }) => reason ?? message);

/** Whether the guard knows what the issuer knows. */
export const caughtUp = (guard, issuer) =>
  until('the guard has caught up', () => guard.status().seq === issuer.seq && guard.status().following);

/** Stands in for a test where something is to last for all tests of a file: call it at the top. */
export function wholeFile() {
  const ends = [];
  after(() => Promise.all(ends.map((end) => end())));
  return { after: (end) => ends.push(end) };
}
