/** Socket.IO connections that end with the token of their handshake. */

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, following, TestIssuer } from './support/issuer.js';

/** An API of Socket.IO, and a way to connect to it. */
async function serve(t, guard, needs, options) {
  const server = createServer();
  const io = new Server(server, { serveClient: false, ...options });
  io.use(guard.socketIo(needs));
  io.on('connection', (socket) => {
    socket.on('who', (answer) => answer(`${socket.data.caller.sub} [${socket.data.caller.scope}]`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => io.close());
  return (auth, transports = ['websocket']) => {
    const client = connect(`http://127.0.0.1:${server.address().port}`, { auth, transports, reconnection: false, forceNew: true });
    t.after(() => client.close());
    return client;
  };
}

/** What a client hears first, of these. */
const heard = (client, ...names) =>
  new Promise((done) => names.forEach((name) => client.once(name, (detail) => done([name, detail?.data ?? detail]))));

async function world(t, needs) {
  const issuer = await TestIssuer.start(t);
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off' }, issuer.clock);
  t.after(() => guard.close());
  return { issuer, guard, open: await serve(t, guard, needs) };
}

test('auth.token opens a connection, by either transport', async (t) => {
  const { issuer, open } = await world(t);
  for (const transports of [['websocket'], ['polling']]) {
    const client = open({ token: await issuer.token() }, transports);
    assert.deepEqual((await heard(client, 'connect', 'connect_error'))[0], 'connect');
    assert.equal(await client.emitWithAck('who'), 'u1 [read:dragons tame:dragons]');
  }
});

test('without a good one there is connect_error with a code', async (t) => {
  const { issuer, open } = await world(t, { scope: 'read:dragons' });
  const now = issuer.clock.now();
  for (const [auth, code] of [
    [undefined, 'token_missing'],
    [{ token: 7 }, 'token_missing'],
    [{ token: 'a.b.c' }, 'token_invalid'],
    [{ token: await issuer.token({ exp: now - 60, iat: now - 90 }) }, 'token_expired'],
    [{ token: await issuer.token({ scope: 'write:dragons' }) }, 'insufficient_scope'],
  ]) {
    assert.deepEqual(await heard(open(auth), 'connect', 'connect_error'), ['connect_error', { code }]);
  }
});

test('a connection ends when its token expires, and goes on with another of the same subject', async (t) => {
  const { issuer, guard, open } = await world(t);
  const [ends, renewed, other] = await Promise.all([1, 2, 3].map(async () => open({ token: await issuer.token() })));
  await Promise.all([ends, renewed, other].map((client) => once(client, 'connect')));
  await issuer.clock.advance(400_000);
  assert.deepEqual(await renewed.emitWithAck('authenticate', { token: await issuer.token({ scope: 'new' }) }), { expires_in: 600 });
  const foreign = heard(other, 'unauthorized');
  other.emit('authenticate', { token: await issuer.token({ sub: 'u2' }) });
  assert.deepEqual(await foreign, ['unauthorized', { code: 'other_subject' }]);
  const over = heard(ends, 'unauthorized');
  const gone = once(ends, 'disconnect');
  await issuer.clock.advance(231_000);
  assert.deepEqual(await over, ['unauthorized', { code: 'token_expired' }]);
  await gone;
  assert.equal(await renewed.emitWithAck('who'), 'u1 [new]');
  assert.equal(guard.status().openConnections, 1);
});

test('a revocation ends the connection within a moment', async (t) => {
  const { issuer, guard } = await following(t, createGuard);
  const open = await serve(t, guard);
  const client = open({ token: await issuer.token({ sid: 'gone' }) });
  await once(client, 'connect');
  const over = heard(client, 'unauthorized');
  await issuer.revoke('sid', 'gone');
  assert.deepEqual(await over, ['unauthorized', { code: 'token_revoked' }]);
});

test('recovery that goes past the guard is refused, so that nobody believes tokens end there', async (t) => {
  const { issuer, guard } = await world(t);
  const recovering = await serve(t, guard, {}, { connectionStateRecovery: {} });
  const [what, why] = await heard(recovering({ token: await issuer.token() }), 'connect', 'connect_error');
  assert.equal(what, 'connect_error');
  assert.match(why.message, /skipMiddlewares/);
  const judged = await serve(t, guard, {}, { connectionStateRecovery: { skipMiddlewares: false } });
  assert.equal((await heard(judged({ token: await issuer.token() }), 'connect', 'connect_error'))[0], 'connect');
});

test('RFC 9449: a bound token opens a connection with a proof for its address, and renews with another', async (t) => {
  const issuer = await TestIssuer.start(t);
  const dpop = { publicUrl: 'https://api.example.com', nonces: true };
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', dpop }, issuer.clock);
  t.after(() => guard.close());
  const open = await serve(t, guard);
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const bound = async () => issuer.token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const proof = (token, claims) => {
    const ath = createHash('sha256').update(token).digest('base64url');
    const all = { jti: randomUUID(), htm: 'GET', htu: 'https://api.example.com/socket.io/', iat: issuer.clock.now(), ath, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey);
  };
  const token = await bound();
  const [what, { code, nonce }] = await heard(open({ token, dpop: await proof(token) }), 'connect', 'connect_error');
  assert.deepEqual([what, code, typeof nonce], ['connect_error', 'use_dpop_nonce', 'string']);
  for (const [refused, why] of [
    [undefined, 'token_invalid'],
    [await proof(token, { nonce, htu: 'https://api.example.com/other' }), 'invalid_dpop_proof'],
    [await proof(await bound(), { nonce, ath: 'of another' }), 'invalid_dpop_proof'],
  ])
    assert.deepEqual(await heard(open({ token, dpop: refused }), 'connect', 'connect_error'), ['connect_error', { code: why }]);
  const client = open({ token, dpop: await proof(token, { nonce }) });
  assert.equal((await heard(client, 'connect', 'connect_error'))[0], 'connect');
  assert.equal(await client.emitWithAck('who'), 'u1 [read:dragons tame:dragons]');
  const next = await bound();
  const without = await client.emitWithAck('authenticate', { token: next, dpop: await proof(next) });
  assert.equal(without.code, 'use_dpop_nonce', 'the token at hand still counts');
  const renewed = await client.emitWithAck('authenticate', { token: next, dpop: await proof(next, { nonce: without.nonce }) });
  assert.deepEqual(renewed, { expires_in: 600 });
});
