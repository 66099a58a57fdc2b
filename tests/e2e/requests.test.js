/** Published client libraries: authorization requests that are pushed (RFC 9126), signed (RFC 9101), both, and by reference. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const plainly = { [oauth.allowInsecureRequests]: true };

let server;
let key;
let jwks;
const registered = {};

before(async () => {
  server = await Server.start();
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  key = { key: keys.privateKey, kid: 'request' };
  jwks = await server.file('requests.jwks.json', { keys: [{ kty, crv, x, y, kid: 'request', alg: 'ES256', use: 'sig' }] });
  registered.web = await add('Web', {});
  registered.pushing = await add('Pushing', { require_pushed_authorization_requests: true });
  registered.signing = await add('Signing', { require_signed_request_object: true, request_object_signing_alg: 'ES256' });
});
after(() => server?.stop());

/** A client with a key, and with more in its registration. */
async function add(name, metadata) {
  const { client, client_secret } = await server.command(['client', 'add', '--web', '--name', name, '--redirect', HOME, '--jwks', jwks, '--api', `${server.api}=read:dragons`]);
  await set(client.client_id, metadata);
  return { id: client.client_id, secret: client_secret };
}

async function set(id, metadata) {
  if (Object.keys(metadata).length === 0) return;
  await server.command(['client', 'set', id, '--metadata', await server.file(`${id}.json`, metadata)]);
}

const discover = ({ id, secret }) => oidc.discovery(new URL(server.issuer), id, {}, oidc.ClientSecretBasic(secret), insecure);

/** The parameters of one sign-in, and what must be remembered of it. */
async function begin(extra = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const parameters = {
    redirect_uri: HOME,
    scope: 'openid email read:dragons',
    resource: server.api,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    response_type: 'code',
    ...extra,
  };
  return { parameters, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

const atHome = (url) => url.startsWith('http://localhost:9/');

/** Signs in on the hosted page; gives the answer at the redirect URI. */
async function throughPages(url, visitor = new Visitor()) {
  const page = await visitor.get(url.href, atHome);
  if (atHome(page.url)) return new URL(page.url);
  const fields = { username: ADMIN.email, password: ADMIN.password };
  return new URL((await visitor.submit(page, '/login', fields, { stop: atHome })).url);
}

/** The page that says no, and with which code. */
async function saysNo(url, code, visitor = new Visitor()) {
  const page = await visitor.get(url.href, atHome);
  assert.equal(page.status, 400);
  assert.ok(page.body.includes(code), page.body);
}

test('a pushed request, used once', async () => {
  const config = await discover(registered.pushing);
  assert.equal(config.serverMetadata().pushed_authorization_request_endpoint, `${server.issuer}/oauth/par`);
  const { parameters, checks } = await begin();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const visitor = new Visitor();
  const tokens = await oidc.authorizationCodeGrant(config, await throughPages(url, visitor), checks);
  assert.equal(tokens.claims().aud, registered.pushing.id);
  assert.ok(tokens.scope.split(' ').includes('read:dragons'));
  await saysNo(url, 'invalid_request_uri', visitor);
});

test('a client that must push is refused without, and another client cannot use what it pushed', async () => {
  const config = await discover(registered.pushing);
  const { parameters, checks } = await begin();
  const plain = await throughPages(oidc.buildAuthorizationUrl(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(config, plain, checks), { error: 'invalid_request' });
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  const stolen = new URL(url);
  stolen.searchParams.set('client_id', registered.web.id);
  await saysNo(stolen, 'invalid_request_uri');
  assert.ok((await oidc.authorizationCodeGrant(config, await throughPages(url), checks)).access_token);
});

test('what the server would refuse is refused when it is pushed', async () => {
  const config = await discover(registered.web);
  const { parameters } = await begin({ redirect_uri: 'https://evil.test/' });
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters), { error: 'invalid_request', status: 400 });
  const wrong = await discover({ id: registered.web.id, secret: 'wrong' });
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(wrong, (await begin()).parameters), { status: 401 });
});

test('a signed request, and nothing beside it counts', async () => {
  const config = await discover(registered.signing);
  const { parameters, checks } = await begin();
  const url = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request']);
  url.searchParams.set('state', 'somebody else’s');
  url.searchParams.set('scope', 'openid profile');
  url.searchParams.set('redirect_uri', 'https://evil.test/');
  const tokens = await oidc.authorizationCodeGrant(config, await throughPages(url), checks);
  assert.ok(!tokens.scope.includes('profile'), tokens.scope);

  const unsigned = await throughPages(oidc.buildAuthorizationUrl(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(config, unsigned, checks), { error: 'invalid_request' });
});

test('an object that is forged, old, of another client or for another server', async () => {
  const config = await discover(registered.signing);
  const { parameters } = await begin();
  const forged = {
    'another audience': (_, claims) => void (claims.aud = 'https://evil.test'),
    'another issuer': (_, claims) => void (claims.iss = registered.web.id),
    'another client': (_, claims) => void (claims.client_id = registered.web.id),
    'an expired one': (_, claims) => void (claims.exp = 1),
    'one of tomorrow': (_, claims) => void (claims.nbf += 86_400),
    'a request within': (_, claims) => void (claims.request = 'e30.e30.'),
    'a subject': (_, claims) => void (claims.sub = registered.signing.id),
    'an access token’s type': (header) => void (header.typ = 'at+jwt'),
    'an unknown key': (header) => void (header.kid = 'other'),
  };
  for (const modify of Object.values(forged)) {
    const url = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key, { [oidc.modifyAssertion]: modify });
    await saysNo(url, 'invalid_request_object');
  }
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  await saysNo(await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: privateKey, kid: 'request' }), 'invalid_request_object');
});

test('a signed request, pushed', async () => {
  const config = await discover(registered.signing);
  const { parameters, checks } = await begin();
  const signed = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, signed.searchParams);
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.ok((await oidc.authorizationCodeGrant(config, await throughPages(url), checks)).access_token);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters), { error: 'invalid_request' });
});

test('oauth4webapi: issueRequestObject, pushedAuthorizationRequest', async () => {
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  assert.equal(as.request_parameter_supported, true);
  assert.ok(as.request_object_signing_alg_values_supported.includes('ES256'));
  const client = { client_id: registered.signing.id };
  const { parameters, checks } = await begin({ client_id: client.client_id, max_age: '600' });
  const request = await oauth.issueRequestObject(as, client, parameters, key);
  const secret = oauth.ClientSecretBasic(registered.signing.secret);
  const answer = await oauth.pushedAuthorizationRequest(as, client, secret, { client_id: client.client_id, request }, plainly);
  assert.equal(answer.status, 201);
  const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, client, answer);
  assert.equal(expires_in, 60);
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, request_uri });
  const home = await throughPages(url);
  const validated = oauth.validateAuthResponse(as, client, home, checks.expectedState);
  const grant = await oauth.authorizationCodeGrantRequest(as, client, secret, validated, HOME, checks.pkceCodeVerifier, plainly);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, grant, { expectedNonce: checks.expectedNonce, maxAge: 600 });
  assert.ok(tokens.access_token);
});

test('a request object by reference, from a registered address', async (t) => {
  const config = await discover(registered.web);
  const { parameters, checks } = await begin();
  const signed = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
  let asked = 0;
  const home = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/oauth-authz-req+jwt');
    response.end(signed.searchParams.get('request'));
  }).listen(0, '127.0.0.1');
  t.after(() => home.close());
  await once(home, 'listening');
  const request_uri = `http://127.0.0.1:${home.address().port}/request.jwt`;
  const url = new URL(config.serverMetadata().authorization_endpoint);
  url.search = new URLSearchParams({ client_id: registered.web.id, request_uri });
  await saysNo(url, 'invalid_request_uri');
  assert.equal(asked, 0, 'nothing is fetched from where nobody registered');
  await set(registered.web.id, { request_uris: [request_uri] });
  assert.ok((await oidc.authorizationCodeGrant(config, await throughPages(url), checks)).access_token);
  assert.equal(asked, 1);
});
