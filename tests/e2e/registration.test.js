/**
 * Published client libraries register themselves (RFC 7591), look after their registration (RFC 7592), and prove themselves with what they
 * registered: a secret as a key, and keys on a server of their own.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const plainly = { [oauth.allowInsecureRequests]: true };
const atHome = (url) => url.startsWith('http://localhost:9/');

let server;
let as;

before(async () => {
  server = await Server.start({ settings: { SYMBOLON_REGISTRATION__MODE: 'open' } });
  const issuer = new URL(server.issuer);
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  const policy = { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], apis: [{ audience: server.api, scopes: 'read:dragons' }] };
  await server.command(['client', 'registration-policy', '--set', await server.file('policy.json', policy)]);
});
after(() => server?.stop());

/** Signs in on the hosted pages and says yes; gives the answer at the redirect URI. */
async function throughPages(url) {
  const visitor = new Visitor();
  const page = await visitor.get(url.href, atHome);
  const fields = { username: ADMIN.email, password: ADMIN.password };
  const consent = await visitor.submit(page, '/login', fields, { stop: atHome });
  assert.ok(consent.body.includes('Newcomer'), 'a stranger: people are asked');
  return new URL((await visitor.submit(consent, '/consent', {}, { button: ['decision', 'allow'], stop: atHome })).url);
}

async function signIn(config) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  });
  return oidc.authorizationCodeGrant(config, await throughPages(url), { pkceCodeVerifier, expectedState, idTokenExpected: true });
}

const usual = { redirect_uris: [HOME], client_name: 'Newcomer', grant_types: ['authorization_code', 'refresh_token'] };

test('openid-client registers itself, signs somebody in and refreshes', async () => {
  const config = await oidc.dynamicClientRegistration(new URL(server.issuer), usual, undefined, insecure);
  const client = config.clientMetadata();
  assert.match(client.client_id, /^dyn_/);
  assert.equal(client.client_secret_expires_at, 0);
  const tokens = await signIn(config);
  assert.equal(tokens.claims().aud, client.client_id);
  const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(again.access_token && again.refresh_token);
});

test('openid-client registers with a secret that is a key, and proves itself with it', async () => {
  const metadata = { ...usual, token_endpoint_auth_method: 'client_secret_jwt' };
  const config = await oidc.dynamicClientRegistration(new URL(server.issuer), metadata, undefined, insecure);
  const { client_id, client_secret } = config.clientMetadata();
  const keyed = await oidc.discovery(new URL(server.issuer), client_id, config.clientMetadata(), oidc.ClientSecretJwt(client_secret), insecure);
  const tokens = await signIn(keyed);
  assert.ok(tokens.refresh_token);
  const wrong = await oidc.discovery(new URL(server.issuer), client_id, {}, oidc.ClientSecretJwt('x'.repeat(64)), insecure);
  await assert.rejects(oidc.refreshTokenGrant(wrong, tokens.refresh_token), { error: 'invalid_client', status: 401 });
  const sent = await oidc.discovery(new URL(server.issuer), client_id, {}, oidc.ClientSecretPost(client_secret), insecure);
  await assert.rejects(oidc.refreshTokenGrant(sent, tokens.refresh_token), { error: 'invalid_client', status: 401 });
});

test('openid-client registers where its keys are, and changes them', async (t) => {
  const pair = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const published = async (kid, { publicKey }) => ({ ...(await crypto.subtle.exportKey('jwk', publicKey)), kid, alg: 'ES256', use: 'sig' });
  const [first, second] = [await pair(), await pair()];
  let keys = [await published('first', first)];
  const home = createServer((_, answer) => answer.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys })));
  home.listen(0, '127.0.0.1');
  await once(home, 'listening');
  t.after(() => home.close());
  const metadata = {
    client_name: 'Newcomer',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: `http://127.0.0.1:${home.address().port}/jwks.json`,
    grant_types: ['client_credentials'],
    response_types: [],
  };
  const registered = await oidc.dynamicClientRegistration(new URL(server.issuer), metadata, undefined, insecure);
  const by = (kid, { privateKey }) =>
    oidc.discovery(new URL(server.issuer), registered.clientMetadata().client_id, {}, oidc.PrivateKeyJwt({ key: privateKey, kid }), insecure);
  const ask = async (config) => oidc.clientCredentialsGrant(config, { resource: server.api, scope: 'read:dragons' });
  assert.ok((await ask(await by('first', first))).access_token);
  await assert.rejects(ask(await by('second', second)), { error: 'invalid_client' });
  keys = [await published('second', second)];
  assert.ok((await ask(await by('second', second))).access_token, 'an unfamiliar kid is looked for at once');
  await assert.rejects(ask(await by('first', first)), { error: 'invalid_client' });
});

test('oauth4webapi registers with an initial access token, and reads, changes and deletes its registration', async () => {
  const { initial_access_token: initialAccessToken } = await server.command(['client', 'registration-token', 'create', '--uses', '1', '--lifetime', '1h']);
  const register = async () => {
    const response = await oauth.dynamicClientRegistrationRequest(as, usual, { initialAccessToken, ...plainly });
    return oauth.processDynamicClientRegistrationResponse(response);
  };
  const client = await register();
  await assert.rejects(register(), /WWW-Authenticate|401/i);
  const manage = (method, token, body) =>
    fetch(client.registration_client_uri, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
  const read = await manage('GET', client.registration_access_token);
  assert.equal(read.status, 200);
  assert.equal((await read.json()).client_name, 'Newcomer');
  const update = { ...usual, client_id: client.client_id, client_secret: client.client_secret, client_name: 'Newcomer, renamed' };
  const written = await manage('PUT', client.registration_access_token, update);
  assert.equal(written.status, 200);
  const updated = await written.json();
  assert.equal(updated.client_name, 'Newcomer, renamed');
  assert.notEqual(updated.registration_access_token, client.registration_access_token);
  assert.equal((await manage('PUT', updated.registration_access_token, usual)).status, 400, 'client_id is missing');
  assert.equal((await manage('DELETE', updated.registration_access_token)).status, 204);
  assert.equal((await manage('GET', updated.registration_access_token)).status, 401);
  const config = await oidc.discovery(new URL(server.issuer), client.client_id, {}, oidc.ClientSecretBasic(client.client_secret), insecure);
  await assert.rejects(oidc.refreshTokenGrant(config, 'sym_rt_x'), { status: 401 });
});

test('both libraries hear why a registration is refused', async () => {
  const wrong = { ...usual, redirect_uris: ['http://app.example.com/callback'] };
  const refused = { error: 'invalid_redirect_uri', status: 400 };
  await assert.rejects(oidc.dynamicClientRegistration(new URL(server.issuer), wrong, undefined, insecure), refused);
  const response = await oauth.dynamicClientRegistrationRequest(as, { ...usual, grant_types: ['password'] }, plainly);
  await assert.rejects(oauth.processDynamicClientRegistrationResponse(response), { error: 'invalid_client_metadata', status: 400 });
});
