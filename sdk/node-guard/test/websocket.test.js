/** WebSockets of `ws` that end with their token (RFC 6455), and go on with another. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { before, test } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { exportJWK, generateKeyPair, SignJWT, calculateJwkThumbprint } from 'jose';
import { createHash, randomUUID } from 'node:crypto';
import { ConfigError, createGuard } from '../src/guard.js';
import { until } from './support/clock.js';
import { AUDIENCE, following, TestIssuer, wholeFile } from './support/issuer.js';

const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

/** An API whose connections echo. */
async function serve(t, guard, options) {
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  const server = createServer();
  const said = [];
  server.on('upgrade', guard.webSockets(wss, (socket) => {
    socket.on('message', (data) => socket.send(`${socket.caller.sub} [${socket.caller.scope}] ${data}`));
    socket.on('close', (code, reason) => said.push([code, reason]));
  }, options));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const client of wss.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `ws://127.0.0.1:${server.address().port}/live`, said };
}

/** A client that keeps what comes. */
class Client {
  constructor(t, url, protocols, headers) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.got = [];
    this.socket.on('message', (data) => this.got.push(String(data)));
    this.ended = new Promise((done) => this.socket.on('close', (code, reason) => done([code, String(reason)])));
    this.refused = new Promise((done) => this.socket.on('unexpected-response', (_, { statusCode }) => {
      done(statusCode);
      this.socket.terminate();
    }));
    this.socket.on('error', () => {});
    t.after(() => this.socket.terminate());
  }

  get opened() {
    return once(this.socket, 'open');
  }

  say(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next() {
    await until('a message', () => this.got.length > 0);
    return this.got.shift();
  }
}

async function authenticated(t, url, token) {
  const client = new Client(t, url);
  await client.opened;
  client.say({ type: 'authenticate', token });
  assert.equal(JSON.parse(await client.next()).type, 'authenticated');
  return client;
}

const guarded = (t, options = {}) => {
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', ...options }, issuer.clock);
  t.after(() => guard.close());
  return guard;
};

test('the first message is the token, and the rest is the API\'s', async (t) => {
  const { url } = await serve(t, guarded(t));
  const client = new Client(t, url);
  await client.opened;
  client.say({ type: 'authenticate', token: await issuer.token() });
  assert.deepEqual(JSON.parse(await client.next()), { type: 'authenticated', expires_in: 600 });
  client.say('hello');
  assert.equal(await client.next(), 'u1 [read:dragons tame:dragons] hello');
});

test('what is no good token ends with a code', async (t) => {
  const { url } = await serve(t, guarded(t));
  const now = issuer.clock.now();
  for (const [said, ...ending] of [
    [{ type: 'authenticate', token: await issuer.token({ exp: now - 60, iat: now - 120 }) }, 4401, 'token_expired'],
    [{ type: 'authenticate', token: await issuer.token({ aud: 'other' }) }, 4401, 'token_invalid'],
    [{ type: 'authenticate', token: await issuer.token({ cnf: { jkt: 'x' } }) }, 4401, 'token_invalid'],
    [{ type: 'authenticate', token: 'a.b.c' }, 4401, 'token_invalid'],
    [{ type: 'authenticate' }, 4401, 'token_missing'],
    ['hello', 4401, 'token_missing'],
    ['null', 4401, 'token_missing'],
  ]) {
    const client = new Client(t, url);
    await client.opened;
    client.say(said);
    assert.deepEqual(await client.ended, ending, JSON.stringify(said));
  }
});

test('who says nothing, or too much, is not waited for', async (t) => {
  const { url } = await serve(t, guarded(t));
  const silent = new Client(t, url);
  await silent.opened;
  await issuer.clock.advance(5_000);
  assert.deepEqual(await silent.ended, [4401, 'token_missing']);
  const loud = new Client(t, url);
  await loud.opened;
  loud.say('x'.repeat(16 * 1024 + 1));
  assert.deepEqual(await loud.ended, [1009, 'message_too_big']);
  const endless = new Client(t, url);
  await endless.opened;
  endless.say('x'.repeat(60 * 1024));
  assert.notEqual((await endless.ended)[0], 1000);
});

test('so many connections may be unknown and no more', async (t) => {
  const { url } = await serve(t, guarded(t), { unauthenticated: 1 });
  const first = new Client(t, url);
  await first.opened;
  assert.equal(await new Client(t, url).refused, 503);
  first.say({ type: 'authenticate', token: await issuer.token() });
  await first.next();
  await new Client(t, url).opened;
});

test('a token among the subprotocols is never sent back', async (t) => {
  const { url } = await serve(t, guarded(t));
  const encoded = Buffer.from(await issuer.token()).toString('base64url');
  const client = new Client(t, url, [`symbolon.bearer.${encoded}`, 'symbolon.bearer']);
  await client.opened;
  assert.equal(client.socket.protocol, 'symbolon.bearer');
  assert.equal(JSON.parse(await client.next()).type, 'authenticated');
  const bad = new Client(t, url, ['symbolon.bearer', 'symbolon.bearer.YS5iLmM']);
  assert.deepEqual(await bad.ended, [4401, 'token_invalid']);
  const both = new Client(t, url, ['symbolon.bearer', `symbolon.bearer.${encoded}`], { authorization: 'Bearer a.b.c' });
  assert.equal(await both.refused, 400);
});

test('RFC 6455 §10.2: a cookie opens no connection of a page of somebody else', async (t) => {
  const { url } = await serve(t, guarded(t, { cookie: '__Host-at', cookieOrigins: ['https://app.example.com'] }));
  const cookie = `__Host-at=${await issuer.token()}`;
  for (const origin of ['https://evil.example', 'null', 'https://app.example.com.evil.example'])
    assert.equal(await new Client(t, url, [], { cookie, origin }).refused, 403, origin);
  assert.equal(await new Client(t, url, [], { cookie }).refused, 403);
  for (const headers of [{ origin: 'https://app.example.com' }, { origin: 'https://a.example', 'sec-fetch-site': 'same-origin' }])
    assert.equal(JSON.parse(await new Client(t, url, [], { cookie, ...headers }).next()).type, 'authenticated');
});

test('a token that the issuer put into a cookie wants its page\'s token among the subprotocols', async (t) => {
  const { url } = await serve(t, guarded(t, { cookie: '__Host-at' }));
  const hash = createHash('sha256').update('page').digest('base64url');
  const headers = { cookie: `__Host-at=${await issuer.token({ 'csrf#S256': hash })}`, 'sec-fetch-site': 'same-origin' };
  const page = (token) => ['symbolon.bearer', `symbolon.csrf.${Buffer.from(token).toString('base64url')}`];
  const client = new Client(t, url, page('page'), headers);
  assert.equal(JSON.parse(await client.next()).type, 'authenticated');
  assert.equal(client.socket.protocol, 'symbolon.bearer');
  for (const protocols of [['symbolon.bearer'], page('other')]) assert.equal(await new Client(t, url, protocols, headers).refused, 403);
});

test('other programs send the header, and are refused before there is a connection', async (t) => {
  const { url } = await serve(t, guarded(t), { scope: 'read:dragons' });
  const open = (token) => new Client(t, url, [], { authorization: `Bearer ${token}` });
  assert.equal(JSON.parse(await open(await issuer.token()).next()).type, 'authenticated');
  assert.equal(await open('a.b.c').refused, 401);
  assert.equal(await open(await issuer.token({ scope: 'write:dragons' })).refused, 403);
});

test('a connection ends when its token expires, and goes on with another of the same subject', async (t) => {
  const guard = guarded(t);
  const { url, said } = await serve(t, guard);
  const [ends, renewed] = [await authenticated(t, url, await issuer.token()), await authenticated(t, url, await issuer.token())];
  await issuer.clock.advance(400_000);
  renewed.say({ type: 'authenticate', token: await issuer.token({ scope: 'new' }) });
  assert.deepEqual(JSON.parse(await renewed.next()), { type: 'authenticated', expires_in: 600 });
  await issuer.clock.advance(230_000);
  assert.deepEqual(await ends.ended, [4401, 'token_expired']);
  assert.equal(guard.status().openConnections, 1);
  renewed.say('hello');
  assert.equal(await renewed.next(), 'u1 [new] hello');
  await issuer.clock.advance(500_000);
  assert.deepEqual(await renewed.ended, [4401, 'token_expired']);
  assert.equal(guard.status().refusals.expired, 2);
  await until('the handler hears of it', () => said.length === 2);
});

test('a renewal with somebody else\'s token, or one that is not enough, is the end', async (t) => {
  const { url } = await serve(t, guarded(t), { scope: 'read:dragons' });
  for (const [claims, ...ending] of [
    [{ sub: 'u2' }, 4403, 'other_subject'],
    [{ scope: 'write:dragons' }, 4403, 'insufficient_scope'],
    [{ aud: 'other' }, 4401, 'token_invalid'],
  ]) {
    const client = await authenticated(t, url, await issuer.token());
    client.say({ type: 'authenticate', token: await issuer.token(claims) });
    assert.deepEqual(await client.ended, ending);
  }
});

test('a revocation ends the connection within a moment, and no other', async (t) => {
  const { issuer, guard } = await following(t, createGuard);
  const { url } = await serve(t, guard);
  const client = await authenticated(t, url, await issuer.token({ jti: 'gone' }));
  const neighbour = await authenticated(t, url, await issuer.token());
  await issuer.revoke('jti', 'gone');
  assert.deepEqual(await client.ended, [4401, 'token_revoked']);
  neighbour.say('hello');
  assert.match(await neighbour.next(), /hello/);
});

test('RFC 9449: a bound token wants a proof for this address, and a nonce where there are any', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const token = await issuer.token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const proof = (claims) => {
    const ath = createHash('sha256').update(token).digest('base64url');
    const all = { jti: randomUUID(), htm: 'GET', htu: 'https://api.example.com/live', iat: issuer.clock.now(), ath, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey);
  };
  const { url } = await serve(t, guarded(t, { dpop: { publicUrl: 'https://api.example.com', nonces: true } }));
  const client = new Client(t, url);
  await client.opened;
  client.say({ type: 'authenticate', token, dpop: await proof() });
  const { type, error, nonce } = JSON.parse(await client.next());
  assert.deepEqual([type, error], ['refused', 'use_dpop_nonce']);
  client.say({ type: 'authenticate', token, dpop: await proof({ nonce }) });
  assert.equal(JSON.parse(await client.next()).type, 'authenticated');
  for (const [dpop, reason] of [
    [undefined, 'token_invalid'],
    [await proof({ nonce, htu: 'https://api.example.com/other' }), 'invalid_dpop_proof'],
    [await proof({ nonce, htm: 'POST' }), 'invalid_dpop_proof'],
  ]) {
    const other = new Client(t, url);
    await other.opened;
    other.say({ type: 'authenticate', token, dpop });
    assert.deepEqual(await other.ended, [4401, reason]);
  }
});

test('what cannot work is told at once', (t) => {
  const guard = guarded(t);
  const wss = (options) => new WebSocketServer({ noServer: true, ...options });
  const handle = () => {};
  assert.throws(() => guard.webSockets(wss({}), handle), ConfigError, 'the default of ws is 100 MiB');
  assert.throws(() => guard.webSockets(wss({ maxPayload: 1000 }), handle, { scopes: ['a'] }), ConfigError);
  assert.throws(() => guard.webSockets(wss({ maxPayload: 1000 }), handle, { scope: '' }), ConfigError);
  assert.throws(() => guard.webSockets(wss({ maxPayload: 1000 })), ConfigError);
});
