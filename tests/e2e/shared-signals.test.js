/** Shared Signals as a receiver meets them: it finds everything by discovery, is pushed to or polls, and verifies with jose. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { Server } from './support/server.js';

const PUSH = 'urn:ietf:rfc:8935';
const POLL = 'urn:ietf:rfc:8936';
const DISABLED = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled';
const PURGED = 'https://schemas.openid.net/secevent/risc/event-type/account-purged';
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
const PATIENCE_MS = 30_000;

let server;
let transmitter;
let verify;
let call;

before(async () => {
  server = await Server.start();
  const api = `${server.issuer}/ssf`;
  await server.command(['api', 'add', api, '--name', 'Shared signals', '--scope', 'ssf.manage=Manage', '--scope', 'ssf.read=Read']);
  const { client, client_secret } = await server.command(['client', 'add', '--machine', '--name', 'Hub', '--api', `${api}=ssf.manage`]);
  const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
  const hub = await oidc.discovery(new URL(server.issuer), client.client_id, {}, oidc.ClientSecretBasic(client_secret), insecure);
  const { access_token: token } = await oidc.clientCredentialsGrant(hub, { resource: api, scope: 'ssf.manage' });

  transmitter = await (await fetch(`${server.issuer}/.well-known/ssf-configuration`)).json();
  assert.equal(transmitter.issuer, server.issuer);
  const keys = createRemoteJWKSet(new URL(transmitter.jwks_uri));
  const expected = { issuer: transmitter.issuer, audience: client.client_id, typ: 'secevent+jwt', requiredClaims: ['jti', 'iat', 'events', 'sub_id'] };
  verify = async (set) => (await jwtVerify(set, keys, expected)).payload;
  call = async (method, url, body) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  };
});
after(() => server?.stop());

const until = async (holds) => {
  for (let waited = 0; !(await holds()); waited += 50) {
    assert.ok(waited < PATIENCE_MS, 'it takes too long');
    await wait(50);
  }
};

test('a pushed event that a crash cut off comes again, the same by its jti', async (t) => {
  const posts = [];
  const receiver = createServer(async (request, response) => {
    posts.push({ headers: request.headers, body: await text(request) });
    // The first is never answered: the server dies waiting.
    if (posts.length !== 1) response.writeHead(202).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  t.after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });
  const endpoint_url = `http://localhost:${receiver.address().port}/events`;
  const delivery = { method: PUSH, endpoint_url, authorization_header: 'Bearer of-the-hub' };
  const stream = await call('POST', transmitter.configuration_endpoint, { delivery, events_requested: [DISABLED] });
  assert.deepEqual(stream.events_delivered, [DISABLED]);

  await server.addUser('bob@example.test', 'Bob', 'another person altogether');
  await server.command(['user', 'block', 'bob@example.test', '--yes']);
  await until(() => posts.length === 1);
  await server.crash();
  await until(() => posts.length === 2);
  const [first, second] = await Promise.all(posts.map(({ body }) => verify(body)));
  assert.deepEqual(first, second);
  assert.deepEqual([first.sub_id.format, first.sub_id.iss, first.exp, first.sub], ['iss_sub', server.issuer, undefined, undefined]);
  assert.deepEqual(first.events, { [DISABLED]: {} });
  for (const { headers } of posts) {
    assert.equal(headers['content-type'], 'application/secevent+jwt');
    assert.equal(headers.authorization, 'Bearer of-the-hub');
  }
  await call('POST', transmitter.verification_endpoint, { stream_id: stream.stream_id, state: 'are you there?' });
  await until(() => posts.length === 3);
  const asked = await verify(posts[2].body);
  assert.deepEqual(asked.events, { [VERIFICATION]: { state: 'are you there?' } });
  assert.deepEqual(asked.sub_id, { format: 'opaque', id: stream.stream_id });
});

test('who polls is told as it happens, until they have it', async () => {
  const stream = await call('POST', transmitter.configuration_endpoint, { events_requested: [PURGED] });
  assert.equal(stream.delivery.method, POLL);
  const poll = (body) => call('POST', stream.delivery.endpoint_url, body);
  assert.deepEqual(await poll({ returnImmediately: true }), { sets: {}, moreAvailable: false });
  await server.addUser('eve@example.test', 'Eve', 'somebody else entirely');
  const waiting = poll({});
  await server.command(['user', 'delete', 'eve@example.test', '--yes']);
  const { sets } = await waiting;
  const [[jti, set]] = Object.entries(sets);
  const payload = await verify(set);
  assert.deepEqual([payload.jti, payload.events], [jti, { [PURGED]: {} }]);
  assert.deepEqual((await poll({ returnImmediately: true })).sets, { [jti]: set });
  assert.deepEqual(await poll({ returnImmediately: true, ack: [jti] }), { sets: {}, moreAvailable: false });
});
