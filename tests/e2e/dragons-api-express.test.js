/** examples/dragons-api-express, once with Symbolon's guard and once with express-jwt and jwks-rsa: who is let in is the same. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { quietPort, Sample } from './support/sample.js';
import { ADMIN, Server } from './support/server.js';

const ORIGIN = 'http://localhost:4200';
const USER = { email: 'bob@example.test', name: 'Bob', password: 'a long walk in the rain' };
const PATIENCE_MS = 10_000;
const KINDS = { guard: 'start', 'express-jwt': 'start:express-jwt' };

let server;
const apis = {};

before(async () => {
  server = await Server.start();
  const start = async (script) =>
    Sample.start('dragons-api-express', { ISSUER: server.issuer, AUDIENCE: server.api, ORIGIN, PORT: `${await quietPort()}` }, script);
  await Promise.all([
    server.addUser(USER.email, USER.name, USER.password),
    ...Object.entries(KINDS).map(async ([kind, script]) => (apis[kind] = await start(script))),
  ]);
});
after(() => Promise.all([...Object.values(apis).map((api) => api.stop()), server?.stop()]));

async function token({ email, password }, more = {}) {
  const body = JSON.stringify({ username: email, password, ...more });
  const answer = await fetch(`${server.issuer}/authenticate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 200);
  return (await answer.json()).token;
}

const call = (kind, path, bearer, headers = {}) =>
  fetch(`${apis[kind].origin}${path}`, { headers: { ...(bearer && { authorization: `Bearer ${bearer}` }), ...headers } });

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: dragons for who may read them, orders for administrators`, async () => {
    const [admin, user] = [await token(ADMIN), await token(USER)];
    assert.match(await (await call(kind, '/api/dragons', user)).text(), /Shenlong/);
    assert.match(await (await call(kind, '/api/orders', admin)).text(), /dragon saddle/);
    assert.deepEqual((await (await call(kind, '/api/me', admin)).json()).roles, ['admin']);
    const refused = await call(kind, '/api/orders', user);
    assert.equal(refused.status, 403);
    assert.match(refused.headers.get('www-authenticate'), /insufficient_scope/);
    assert.equal((await call(kind, '/api/dragons', await token(ADMIN, { scope: 'openid' }))).status, 403);
  });

  test(`${kind}: no token, a broken one and one for somebody else are 401 with a challenge`, async () => {
    const good = await token(USER);
    const forged = `${good.slice(0, -8)}${good.slice(-8).split('').reverse().join('')}`;
    for (const [bearer, error] of [[undefined, /^(?!.*error=)/], [forged, /invalid_token/], ['x.y.z', /invalid_token/]]) {
      const answer = await call(kind, '/api/dragons', bearer);
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate'), /^Bearer realm=/);
      assert.match(answer.headers.get('www-authenticate'), error);
      assert.doesNotMatch(await answer.text(), /signature|jwt|malformed/i, 'what was wrong is not told');
    }
  });

  test(`${kind}: pages of the app may call it, and no others`, async () => {
    for (const [origin, allowed] of [[ORIGIN, ORIGIN], ['https://elsewhere.example.test', null]]) {
      const headers = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
      const answer = await fetch(`${apis[kind].origin}/api/dragons`, { method: 'OPTIONS', headers });
      assert.equal(answer.headers.get('access-control-allow-origin'), allowed);
      assert.equal((await call(kind, '/api/dragons', undefined, { origin })).headers.get('access-control-allow-origin'), allowed);
    }
  });
}

test('what only the guard knows: a token of an ended session is refused before it expires', async () => {
  const bearer = await token(USER);
  for (const kind of Object.keys(KINDS)) assert.equal((await call(kind, '/api/dragons', bearer)).status, 200);
  await server.command(['session', 'end', '--user', USER.email, '--yes']);
  const limit = Date.now() + PATIENCE_MS;
  let status = 200;
  while (status === 200 && Date.now() < limit) ({ status } = await call('guard', '/api/dragons', bearer)); // told over the feed
  assert.equal(status, 401);
  assert.equal((await call('express-jwt', '/api/dragons', bearer)).status, 200);
});
