/** What a caller sees: byte for byte what the guard for Rust answers (RFC 6750 §3, RFC 9728). */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { challenge } from '../src/challenge.js';
import { Rejection } from '../src/errors.js';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, TestIssuer, wholeFile } from './support/issuer.js';
import { serve } from './support/app.js';
import { START } from './support/clock.js';

const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

const guardWith = (options = {}) =>
  createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', ...options }, issuer.clock);

test('no token has no error attribute', async (t) => {
  const ask = await serve(t, [guardWith({ realm: 'dragons' })]);
  const { status, headers, body, challenge: text } = await ask('/');
  assert.deepEqual([status, body, text], [401, '{"error":"unauthorized"}', 'Bearer realm="dragons"']);
  assert.deepEqual([headers['content-type'], headers['cache-control']], ['application/json', 'no-store']);
});

test('every 401 has the same body and names no reason', async (t) => {
  const ask = await serve(t, [guardWith()]);
  const tokens = [await issuer.token({ exp: START - 900 }), await issuer.token({ aud: 'x' }), await issuer.token({}, { typ: 'JWT' }), 'a.b.c'];
  for (const token of tokens) {
    const { status, body, challenge: text } = await ask('/', { token });
    assert.deepEqual([status, body], [401, '{"error":"unauthorized"}']);
    assert.equal(text, `Bearer realm="${AUDIENCE}", error="invalid_token"`);
  }
});

test('credentials that cannot be read are a bad request', async (t) => {
  const ask = await serve(t, [guardWith()]);
  for (const authorization of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer \xff', 'Bearer ===', 'Bearer a=b']) {
    const { status, body, challenge: text } = await ask('/', { headers: { authorization } });
    assert.deepEqual([status, body], [400, '{"error":"invalid_request"}'], authorization);
    assert.equal(text, `Bearer realm="${AUDIENCE}", error="invalid_request"`);
  }
  const token = await issuer.token();
  const twice = await ask('/', { headers: { Authorization: [`Bearer ${token}`, `Bearer ${token}`] } });
  assert.equal(twice.status, 400);
});

test('other schemes are no token, and the scheme is read without regard to case', async (t) => {
  const ask = await serve(t, [guardWith()]);
  for (const authorization of ['Basic YTpi', 'DPoP a.b.c', 'Bearerx a.b.c', '', '\xff\xfe', 'Bearer\ta.b.c'])
    assert.deepEqual((await ask('/', { headers: { authorization } })).challenge, `Bearer realm="${AUDIENCE}"`, authorization);
  const token = await issuer.token();
  for (const scheme of ['bearer', 'BEARER ', 'Bearer  '])
    assert.equal((await ask('/', { headers: { authorization: `${scheme} ${token}` } })).status, 200);
});

test('a missing scope is named, a missing role is not', async (t) => {
  const guard = guardWith();
  const token = await issuer.token();
  const scope = await serve(t, [guard, guard.anyScope(['burn:dragons', 'feed:dragons'])]);
  const answer = await scope('/', { token });
  assert.deepEqual([answer.status, answer.body], [403, '{"error":"forbidden"}']);
  assert.equal(answer.challenge, `Bearer realm="${AUDIENCE}", error="insufficient_scope", scope="burn:dragons feed:dragons"`);
  const role = await (await serve(t, [guard, guard.role('queen')]))('/', { token });
  assert.deepEqual([role.status, role.challenge], [403, `Bearer realm="${AUDIENCE}", error="insufficient_scope"`]);
  for (const middleware of [guard.scope('read:dragons'), guard.anyScope(['x', 'tame:dragons']), guard.role('admin')])
    assert.equal((await (await serve(t, [guard, middleware]))('/', { token })).status, 200);
});

test('a scope asked for where this guard does not stand before the route is a mistake of the wiring', async (t) => {
  const [guard, other] = [guardWith(), guardWith()];
  for (const middlewares of [[guard.scope('a')], [other, guard.scope('read:dragons')]]) {
    const { status, body, challenge: text } = await (await serve(t, middlewares))('/', { token: await issuer.token() });
    assert.deepEqual([status, body, text], [500, '{"error":"server_error"}', undefined]);
  }
  assert.throws(() => guard.scope('two words'), /not one scope/);
  assert.throws(() => guard.anyScope([]), /list of scopes/);
});

test('where a token is optional, none is anonymous and a bad one is refused', async (t) => {
  const guard = guardWith({ optional: true });
  const ask = await serve(t, [guard]);
  assert.deepEqual((await ask('/')).body, 'null');
  assert.equal((await ask('/', { token: await issuer.token({ exp: 1 }) })).status, 401);
  assert.equal((await (await serve(t, [guard, guard.scope('a')]))('/')).status, 401);
});

test('keys that could never be fetched are a 503 that says when to come again', async (t) => {
  const away = await TestIssuer.start(t);
  const token = await away.token();
  await away.stop();
  const guard = createGuard({ issuer: away.url, audience: AUDIENCE, revocation: 'off' }, away.clock);
  const { status, body, headers, challenge: text } = await (await serve(t, [guard]))('/', { token });
  assert.deepEqual([status, body, text], [503, '{"error":"temporarily_unavailable"}', undefined]);
  assert.equal(headers['retry-after'], '1');
  await assert.rejects(guard.ready());
});

test('a realm cannot break out of its quotes', () => {
  const text = challenge('a", error="x\\\r\nSet-Cookie: é', new Rejection('no_token'));
  assert.equal(text, 'Bearer realm="a, error=xSet-Cookie: "');
});

test('the metadata say whom this API trusts, and the challenges where they are', async (t) => {
  const guard = createGuard({ issuer: issuer.url, audience: 'https://api.example.com/v1/?x=1', revocation: 'off' }, issuer.clock);
  const ask = await serve(t, [guard.metadata(), guard]);
  const { status, headers, body } = await ask('/.well-known/oauth-protected-resource/v1?y');
  assert.equal(status, 200);
  assert.equal(body, `{"authorization_servers":["${issuer.url}"],"bearer_methods_supported":["header"],` +
    '"resource":"https://api.example.com/v1/?x=1"}');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.equal(headers['cache-control'], 'public, max-age=3600');
  const address = 'https://api.example.com/.well-known/oauth-protected-resource/v1?x=1';
  assert.equal((await ask('/')).challenge, `Bearer realm="https://api.example.com/v1/?x=1", resource_metadata="${address}"`);
  const named = createGuard({ issuer: issuer.url, audience: 'dragons', query: true }, issuer.clock);
  const other = await serve(t, [named.metadata(), named]);
  assert.match((await other('/.well-known/oauth-protected-resource')).body, /"header","query"/);
  assert.equal((await other('/')).challenge, 'Bearer realm="dragons"');
  named.close();
});

test('onReject is told the reason, and cannot spoil the answer', async (t) => {
  const told = [];
  const guard = guardWith({ onReject: (rejection, request) => told.push([rejection.reason, request.url]) });
  await (await serve(t, [guard]))('/x');
  assert.deepEqual(told, [['no_token', '/x']]);
  const warned = new Promise((done) => process.once('warning', done));
  const broken = guardWith({ onReject: () => { throw new Error('oops'); } });
  assert.equal((await (await serve(t, [broken]))('/')).status, 401);
  assert.match((await warned).message, /oops/);
});

test('refusals are counted by their reason', async (t) => {
  const guard = guardWith();
  const ask = await serve(t, [guard, guard.scope('burn:dragons')]);
  for (let count = 0; count < 3; count++) await ask('/');
  await ask('/', { token: await issuer.token() });
  assert.deepEqual(guard.status().refusals, { no_token: 3, insufficient_scope: 1 });
});
