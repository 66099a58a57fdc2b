/** OpenID Connect Back-Channel Logout: published libraries take the logout tokens, and a server that dies over one sends it again. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import openid from 'express-openid-connect';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const PATIENCE_MS = 30_000;

let server;
let bob;

before(async () => {
  server = await Server.start();
  bob = await server.addUser('bob@example.test', 'Bob', 'another person altogether');
});
after(() => server?.stop());

/** An HTTP server on loopback that is closed after the test; gives its origin. */
async function listen(t, handler) {
  const one = createServer(handler).listen(0, '127.0.0.1');
  await once(one, 'listening');
  t.after(() => {
    one.close();
    one.closeAllConnections();
  });
  return `http://localhost:${one.address().port}`;
}

/** Registers a client whose callback and back-channel address are there. */
const register = (name, home) =>
  server.command([
    'client', 'add', '--web', '--name', name, '--redirect', `${home}/callback`, '--backchannel-logout', `${home}/backchannel-logout`,
  ]);

/** An app as the library's manual shows it: who is signed in sees a page with their id. */
async function startApp(t, name) {
  const app = express();
  const home = await listen(t, app);
  const { client, client_secret } = await register(name, home);
  const loggedOut = new Map();
  app.use(
    openid.auth({
      issuerBaseURL: server.issuer,
      baseURL: home,
      clientID: client.client_id,
      clientSecret: client_secret,
      secret: randomBytes(32).toString('hex'),
      authorizationParams: { response_type: 'code', scope: 'openid profile email' },
      backchannelLogout: {
        store: {
          get: (id, done) => done(null, loggedOut.get(id)),
          set: (id, value, done) => done(null, loggedOut.set(id, value)),
          destroy: (id, done) => done(null, loggedOut.delete(id)),
        },
      },
    }),
  );
  app.get('/', (request, response) => response.send(`Hello ${request.oidc.user.sub}`));
  return home;
}

/** Signs in at the app, on the hosted page. */
async function signIn(home, { email, password }) {
  const visitor = new Visitor();
  const page = await visitor.get(home);
  const welcome = await visitor.submit(page, '/login', { username: email, password });
  assert.match(welcome.body, /^Hello usr_/);
  return { visitor, welcome };
}

async function until(found) {
  for (const limit = Date.now() + PATIENCE_MS; ; await wait(50)) {
    const result = await found();
    if (result) return result;
    assert.ok(Date.now() < limit, `${found} within ${PATIENCE_MS} ms`);
  }
}

const newest = async () => (await server.command(['delivery', 'list'])).deliveries[0];

test('a session that an operator ends is over in an app with express-openid-connect', async (t) => {
  const home = await startApp(t, 'Express');
  const [ada, other] = [await signIn(home, ADMIN), await signIn(home, bob)];
  const { ended, clients_being_told } = await server.command(['session', 'end', '--user', ADMIN.email, '--yes']);
  assert.ok(ended.sessions > 0);
  assert.equal(clients_being_told, 1);
  await until(async () => (await newest())?.state === 'delivered');
  const page = await ada.visitor.get(home, (url) => url.startsWith(server.issuer));
  assert.ok(page.url.startsWith(`${server.issuer}/authorize?`), page.url);
  assert.equal((await other.visitor.get(home)).body, other.welcome.body);
});

test('a logout token whose delivery was cut by a crash comes again, and jose verifies it', async (t) => {
  const posts = [];
  const home = await listen(t, async (request, response) => {
    if (request.method === 'POST') posts.push(new URLSearchParams(await text(request)));
    // The first is never answered: the server dies waiting.
    if (posts.length !== 1) response.end();
  });
  const { client } = await register('Bare', home);
  const visitor = new Visitor();
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: `${home}/callback`,
    response_type: 'code',
    scope: 'openid',
    nonce: 'n',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  const page = await visitor.get(`${server.issuer}/authorize?${query}`);
  const back = await visitor.submit(page, '/login', { username: bob.email, password: bob.password }, { stop: (url) => url.startsWith(home) });
  const { client_secret } = await server.command(['client', 'secret', 'rotate', client.client_id]);
  const code = new URL(back.url).searchParams.get('code');
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: `${home}/callback`, code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' };
  const authorization = `Basic ${Buffer.from(`${client.client_id}:${client_secret}`).toString('base64')}`;
  const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(redeem) });
  assert.equal(answer.status, 200);

  const { sid, sub } = decodeJwt((await answer.json()).id_token);
  await server.command(['session', 'end', sid, '--yes']);
  await until(() => posts.length === 1);
  await server.crash();
  await until(() => posts.length === 2);
  await until(async () => (await newest()).state === 'delivered');

  const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`));
  const expected = { issuer: server.issuer, audience: client.client_id, typ: 'logout+jwt', maxTokenAge: 60 };
  const [first, second] = await Promise.all(posts.map((post) => jwtVerify(post.get('logout_token'), keys, expected)));
  for (const { payload } of [first, second]) {
    assert.deepEqual([payload.sub, payload.sid, payload.nonce], [sub, sid, undefined]);
    assert.deepEqual(payload.events, { [EVENT]: {} });
  }
  assert.notEqual(first.payload.jti, second.payload.jti);
});
