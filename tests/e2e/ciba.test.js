/** CIBA: `openid-client` asks for somebody, who answers on a page; polling, and being told by a ping over HTTPS. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const CIBA = 'urn:openid:params:grant-type:ciba';
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const PATIENCE_MS = 30_000;

let folder;
let server;
let receiver;
const pings = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'symbolon-ciba-'));
  const [certificate, key] = ['cert.pem', 'key.pem'].map((name) => join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  receiver = createServer({ cert: await readFile(certificate), key: await readFile(key) }, async (request, response) => {
    pings.push({ authorization: request.headers.authorization, body: await json(request) });
    response.writeHead(204).end();
    receiver.emit('ping');
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  server = await Server.start({ settings: { SYMBOLON_OUTGOING__CA: certificate } });
});
after(async () => {
  await server?.stop();
  receiver?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A client that asks in this mode. */
async function registered(name, members) {
  const added = await server.command(['client', 'add', '--web', '--name', name, '--redirect', 'http://localhost:9/cb', '--api', `${server.api}=read:dragons`]);
  const rules = { grant_types: [CIBA, 'refresh_token'], redirect_uris: [], ...members };
  await server.command(['client', 'set', added.client.client_id, '--metadata', await server.file(`${name}.json`, rules)]);
  return { id: added.client.client_id, secret: added.client_secret };
}

/** The same, as `openid-client` knows it. */
async function register(name, members) {
  const { id, secret } = await registered(name, members);
  return oidc.discovery(new URL(server.issuer), id, {}, oidc.ClientSecretBasic(secret), insecure);
}

const ask = (config, more = {}) =>
  oidc.initiateBackchannelAuthentication(config, {
    scope: 'openid profile offline_access read:dragons',
    resource: server.api,
    login_hint: ADMIN.email,
    binding_message: 'Order 4711',
    ...more,
  });

/** A person without JavaScript signs in and answers. */
async function answer(decision) {
  const visitor = new Visitor();
  let page = await visitor.get(`${server.issuer}/ciba`);
  page = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
  assert.match(page.body, /Order 4711/);
  return visitor.submit(page, '/ciba/answer', { 'compared-1': 'yes' }, { button: ['decision', decision] });
}

test('openid-client: polls until the person has answered; the tokens open the API and refresh', async () => {
  const config = await register('poll', { backchannel_token_delivery_mode: 'poll' });
  oidc.enableNonRepudiationChecks(config);
  const started = await ask(config);
  assert.deepEqual([started.expires_in, started.interval], [300, 5]);
  assert.match((await answer('allow')).body, /goes on by itself/);
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0.1 });
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name, ADMIN.name);
  const dragons = await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(dragons.status, 200);
  assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  await assert.rejects(oidc.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0.1 }), { error: 'invalid_grant' });
});

test('openid-client: no is access_denied, and nobody is unknown_user_id', async () => {
  const config = await register('refused', { backchannel_token_delivery_mode: 'poll' });
  const started = await ask(config);
  assert.match((await answer('deny')).body, /Not allowed/);
  await assert.rejects(oidc.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0.1 }), { error: 'access_denied' });
  await assert.rejects(ask(config, { login_hint: 'nobody@example.test' }), { error: 'unknown_user_id' });
});

test('oauth4webapi: each request by itself: pending, allowed, denied', async () => {
  const { id, secret } = await registered('single', { backchannel_token_delivery_mode: 'poll' });
  const plainly = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  const [client, auth] = [{ client_id: id }, oauth.ClientSecretBasic(secret)];
  const begin = async () => {
    const parameters = { scope: 'openid read:dragons', resource: server.api, login_hint: ADMIN.email, binding_message: 'Order 4711' };
    const asked = await oauth.backchannelAuthenticationRequest(as, client, auth, parameters, plainly);
    return (await oauth.processBackchannelAuthenticationResponse(as, client, asked)).auth_req_id;
  };
  const poll = async (request) =>
    oauth.processBackchannelAuthenticationGrantResponse(as, client, await oauth.backchannelAuthenticationGrantRequest(as, client, auth, request, plainly));

  const wanted = await begin();
  await assert.rejects(poll(wanted), { error: 'authorization_pending' });
  await answer('allow');
  const tokens = await poll(wanted);
  assert.equal(oauth.getValidatedIdTokenClaims(tokens).aud, id);
  const dragons = await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(dragons.status, 200);
  await assert.rejects(poll(wanted), { error: 'invalid_grant' });

  const unwanted = await begin();
  await answer('deny');
  await assert.rejects(poll(unwanted), { error: 'access_denied' });
});

test('openid-client: is told over HTTPS that there is an answer, and fetches it', { timeout: PATIENCE_MS }, async () => {
  const config = await register('ping', {
    backchannel_token_delivery_mode: 'ping',
    backchannel_client_notification_endpoint: `https://localhost:${receiver.address().port}/cb`,
  });
  const client_notification_token = randomUUID();
  const started = await ask(config, { client_notification_token });
  const ping = once(receiver, 'ping');
  await answer('allow');
  await ping;
  assert.deepEqual(pings, [{ authorization: `Bearer ${client_notification_token}`, body: { auth_req_id: started.auth_req_id } }]);
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0.1 });
  assert.ok(tokens.access_token);
});

test('a person in a browser, without JavaScript: two questions, one allowed and one declined', async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const config = await register('Call centre', { backchannel_token_delivery_mode: 'poll' });
  const first = await ask(config, { binding_message: 'Transfer 42' });
  const context = await profile(t, browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.issuer}/ciba`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText('Transfer 42').first().waitFor();
  await pictures(page, 'ciba-question');
  await page.click('button[value=allow]');
  await page.getByText('Transfer 42').first().waitFor(); // the browser wants the box ticked first
  await page.check('input[type=checkbox]');
  await page.click('button[value=allow]');
  await page.getByText('goes on by itself').first().waitFor();
  await pictures(page, 'ciba-done');
  assert.ok((await oidc.pollBackchannelAuthenticationGrant(config, { ...first, interval: 0.1 })).access_token);

  const [second, third] = [await ask(config, { binding_message: 'Order 1' }), await ask(config, { binding_message: 'Order 2' })];
  await page.goto(`${server.issuer}/ciba`);
  await pictures(page, 'ciba-two');
  await page.locator('button[value=deny]').first().click();
  await page.goto(`${server.issuer}/ciba`);
  await page.locator('button[value=deny]').first().click();
  for (const asked of [second, third]) {
    await assert.rejects(oidc.pollBackchannelAuthenticationGrant(config, { ...asked, interval: 0.1 }), { error: 'access_denied' });
  }
  await page.goto(`${server.issuer}/ciba`);
  assert.equal(await page.locator('button[value=allow]').count(), 0, 'nobody waits any more');
  await pictures(page, 'ciba-nobody');
});
