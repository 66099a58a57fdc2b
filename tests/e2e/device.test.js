/** A device without a browser (RFC 8628): two published libraries poll, a person answers on another screen. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback

let server;
let browser;
let tv;

before(async () => {
  server = await Server.start();
  browser = await launch();
  const added = await server.command(['client', 'add', '--native', '--device', '--third-party', '--name', 'Dragons TV', '--api', `${server.api}=read:dragons`]);
  tv = added.client.client_id;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const discover = (id = tv, auth = oidc.None()) => oidc.discovery(new URL(server.issuer), id, {}, auth, insecure);
const asked = { scope: 'openid profile offline_access read:dragons', resource: () => server.api };

const initiate = (config) => oidc.initiateDeviceAuthorization(config, { scope: asked.scope, resource: asked.resource() });

/** Polls at the device's own pace, which a test need not wait for: the answer is there before the first time. */
const poll = (config, started) => oidc.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.1 });

/** A person without JavaScript enters the code, signs in and answers. */
async function answer(started, decision, visitor = new Visitor()) {
  let page = await visitor.get(started.verification_uri);
  page = await visitor.submit(page, '/device', { user_code: started.user_code });
  if (/type="password"/.test(page.body)) page = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
  assert.match(page.body, /Is this your device\?/);
  return visitor.submit(page, '/device/answer', { compared: 'yes' }, { button: ['decision', decision] });
}

test('openid-client: codes, the person’s answer, tokens that refresh and open the API', async () => {
  const config = await discover();
  oidc.enableNonRepudiationChecks(config);
  assert.equal(config.serverMetadata().device_authorization_endpoint, `${server.issuer}/oauth/device`);
  const started = await initiate(config);
  assert.match(started.user_code, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  assert.equal(started.verification_uri_complete, `${started.verification_uri}?user_code=${started.user_code}`);
  assert.match((await answer(started, 'allow')).body, /Device connected/);
  const tokens = await poll(config, started);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name, ADMIN.name);
  const dragons = await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(dragons.status, 200);
  assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  await assert.rejects(poll(config, started), { error: 'invalid_grant' }, 'a device code works once');
});

test('openid-client: no is access_denied', async () => {
  const config = await discover();
  const started = await initiate(config);
  assert.match((await answer(started, 'deny')).body, /Not allowed/);
  await assert.rejects(poll(config, started), { error: 'access_denied' });
});

test('openid-client: a poller goes on while it is told to wait, and gets the answer when there is one', async () => {
  const config = await discover();
  const started = await initiate(config);
  const answers = [];
  config[oidc.customFetch] = async (url, options) => {
    const response = await fetch(url, options);
    if (url.endsWith('/oauth/token')) {
      const { error } = await response.clone().json();
      answers.push(error);
      if (answers.length === 1) await answer(started, 'allow');
    }
    return response;
  };
  const tokens = await poll(config, started);
  assert.ok(tokens.access_token);
  assert.deepEqual(answers, ['authorization_pending', undefined]);
});

test('oauth4webapi: each request by itself, slow_down, and another client', async () => {
  const as = await oauth
    .discoveryRequest(new URL(server.issuer), { [oauth.allowInsecureRequests]: true })
    .then((response) => oauth.processDiscoveryResponse(new URL(server.issuer), response));
  const client = { client_id: tv };
  const plain = { [oauth.allowInsecureRequests]: true };
  const parameters = new URLSearchParams({ scope: asked.scope, resource: asked.resource() });
  const started = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, oauth.None(), parameters, plain));
  const ask = async (client) =>
    oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, oauth.None(), started.device_code, plain));
  await assert.rejects(ask(client), { error: 'authorization_pending', status: 400 });
  await assert.rejects(ask(client), { error: 'slow_down', status: 400 });
  const thief = await server.command(['client', 'add', '--native', '--device', '--name', 'Thief']);
  await assert.rejects(ask({ client_id: thief.client.client_id }), { error: 'invalid_grant' });
  await answer(started, 'allow');
  const tokens = await ask(client);
  assert.equal(oauth.getValidatedIdTokenClaims(tokens).aud, tv);
  const spa = await server.command(['client', 'add', '--spa', '--name', 'No device', '--redirect', 'http://localhost:9/']);
  const refused = await oauth.deviceAuthorizationRequest(as, spa.client, oauth.None(), parameters, plain);
  await assert.rejects(oauth.processDeviceAuthorizationResponse(as, spa.client, refused), { error: 'unauthorized_client' });
});

test('symbolon token device: a command line signs in as a device', async () => {
  let answered;
  let said = '';
  const args = ['token', 'device', '--issuer', server.issuer, '--client', tv, '--scope', 'openid read:dragons', '--audience', server.api];
  const tokens = await server.command(args, '', (text) => {
    said += text;
    const [, verification_uri, user_code] = /open (\S+) and enter (\S+)\n/.exec(said) ?? [];
    if (user_code) answered ??= answer({ verification_uri, user_code }, 'allow');
  });
  assert.match((await answered).body, /Device connected/);
  assert.equal(tokens.scope, 'openid read:dragons');
  const dragons = await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(dragons.status, 200);
  await assert.rejects(server.command(args.with(3, `${server.issuer}/x`)), /has no|cannot|could not|says it is/);
});

test('a person in a browser: from the link of a QR code to the end, without JavaScript', async (t) => {
  const config = await discover();
  const started = await initiate(config);
  const context = await profile(t, browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(started.verification_uri_complete);
  assert.equal(await page.inputValue('#user_code'), started.user_code);
  await page.click('main button[type=submit]');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#shown_code').waitFor();
  assert.equal(await page.locator('#shown_code').innerText(), started.user_code);
  await page.click('button[value=allow]');
  assert.equal(await page.locator('#shown_code').count(), 1, 'the browser wants the box ticked first');
  await page.check('#compared');
  await page.click('button[value=allow]');
  await page.getByText('Device connected').first().waitFor();
  assert.ok((await poll(config, started)).access_token);

  // Saying no needs no box.
  const again = await initiate(config);
  await page.goto(`${server.issuer}/device`);
  await page.fill('#user_code', again.user_code.toLowerCase());
  await page.click('main button[type=submit]');
  await page.click('button[value=deny]');
  await page.getByText('Not allowed').first().waitFor();
});

test('the pages fit, light and dark, wide and narrow', async (t) => {
  const config = await discover();
  const started = await initiate(config);
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(`${server.issuer}/device`);
  await pictures(page, 'device-code');
  await page.fill('#user_code', 'BBBB-BBBB');
  await page.click('main button[type=submit]');
  await pictures(page, 'device-sign-in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#problem').waitFor();
  await pictures(page, 'device-code-unknown');
  await page.fill('#user_code', started.user_code);
  await page.click('main button[type=submit]');
  await page.locator('#shown_code').waitFor();
  await pictures(page, 'device-question');
  await page.check('#compared');
  await page.click('button[value=allow]');
  await page.getByText('Device connected').first().waitFor();
  await pictures(page, 'device-done');
});
