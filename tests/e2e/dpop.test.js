/** Tokens bound to a key (RFC 9449), by published client libraries: against the server, and against an API under its guard. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const atHome = (url) => url.startsWith('http://localhost:9/');

let server;
const registered = {};

before(async () => {
  server = await Server.start();
  const api = ['--api', `${server.api}=read:dragons`];
  const add = async (...args) => {
    const { client, client_secret } = await server.command(['client', 'add', ...args]);
    return { id: client.client_id, secret: client_secret };
  };
  registered.web = await add('--web', '--name', 'Web', '--redirect', HOME, ...api);
  registered.spa = await add('--spa', '--name', 'Single page', '--redirect', HOME, ...api);
  registered.strict = await add('--spa', '--name', 'Strict', '--redirect', HOME, '--dpop', 'required-with-nonce', ...api);
  registered.machine = await add('--machine', '--name', 'Machine', ...api);
});
after(() => server?.stop());

const discover = ({ id, secret }) =>
  oidc.discovery(new URL(server.issuer), id, {}, secret ? oidc.ClientSecretBasic(secret) : oidc.None(), insecure);
const handle = async (config, alg = 'ES256') => oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair(alg));
const dragons = () => new URL('/api/dragons', server.api);

/** Signs in on the hosted page, with what more the authorization request says. */
async function throughPages(config, extra = {}, build = (parameters) => oidc.buildAuthorizationUrl(config, parameters)) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const url = await build({
    redirect_uri: HOME,
    scope: 'openid profile offline_access read:dragons',
    resource: server.api,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    ...extra,
  });
  const visitor = new Visitor();
  const page = await visitor.get(url.href, atHome);
  const fields = { username: ADMIN.email, password: ADMIN.password };
  const back = await visitor.submit(page, '/login', fields, { stop: atHome });
  return { back: new URL(back.url), checks: { pkceCodeVerifier, expectedState, idTokenExpected: true } };
}

async function signIn(config, DPoP, extra) {
  const { back, checks } = await throughPages(config, extra);
  return oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

test('discovery says what proofs may be signed with, and each works', async () => {
  const config = await discover(registered.machine);
  const { dpop_signing_alg_values_supported: listed } = config.serverMetadata();
  for (const alg of ['ES256', 'Ed25519', 'RS256', 'PS256', 'ES384']) {
    assert.ok(listed.includes(alg), alg);
    const tokens = await oidc.clientCredentialsGrant(config, { resource: server.api }, { DPoP: await handle(config, alg) });
    assert.equal(tokens.token_type, 'dpop', alg);
  }
});

test('code, refresh, userinfo and an API, by a client that keeps no secret', async () => {
  const config = await discover(registered.spa);
  const DPoP = await handle(config);
  const tokens = await signIn(config, DPoP, { dpop_jkt: await DPoP.calculateThumbprint() });
  assert.equal(tokens.token_type, 'dpop');
  assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt: await DPoP.calculateThumbprint() });
  const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
  assert.equal(user.name, ADMIN.name);
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.equal(renewed.token_type, 'dpop');
  const answer = await oidc.fetchProtectedResource(config, renewed.access_token, dragons(), 'GET', undefined, undefined, { DPoP });
  assert.equal(answer.status, 200);
});

test('what is stolen opens nothing', async () => {
  const config = await discover(registered.spa);
  const [owner, thief] = [await handle(config), await handle(config)];
  const { access_token, refresh_token } = await signIn(config, owner);
  // As a plain bearer token, at the API and at userinfo.
  for (const url of [dragons(), new URL('/userinfo', server.issuer)]) {
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${access_token}` } });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('www-authenticate'), /^DPoP .*error="invalid_token"/);
  }
  // With a key of one's own.
  const options = { DPoP: thief };
  await assert.rejects(oidc.fetchProtectedResource(config, access_token, dragons(), 'GET', undefined, undefined, options), ({ cause, status }) => {
    assert.equal(status, 401);
    return cause.some(({ scheme, parameters }) => scheme === 'dpop' && parameters.error === 'invalid_token');
  });
  await assert.rejects(oidc.refreshTokenGrant(config, refresh_token, undefined, options), { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, refresh_token), { error: 'invalid_dpop_proof' });
  // And nothing of it was the owner's trouble.
  assert.ok((await oidc.refreshTokenGrant(config, refresh_token, undefined, { DPoP: owner })).access_token);
});

test('a code for a key is redeemed with that key', async () => {
  const config = await discover(registered.web);
  const [owner, thief] = [await handle(config), await handle(config)];
  const { back, checks } = await throughPages(config, { dpop_jkt: await owner.calculateThumbprint() });
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: thief }), { error: 'invalid_grant' });
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: owner });
  assert.equal(tokens.token_type, 'dpop');
  // A confidential client proves who it is: its refresh tokens may go with another key.
  assert.equal((await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: thief })).token_type, 'dpop');
});

test('a pushed request with a proof binds its code', async () => {
  const config = await discover(registered.web);
  const [owner, thief] = [await handle(config), await handle(config)];
  const pushed = (parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: owner });
  const { back, checks } = await throughPages(config, {}, pushed);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: thief }), { error: 'invalid_grant' });
  assert.equal((await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: owner })).token_type, 'dpop');
});

test('a client that must, with nonces: the library tries again by itself', async () => {
  const config = await discover(registered.strict);
  const DPoP = await handle(config);
  const { back, checks } = await throughPages(config);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), { error: 'invalid_dpop_proof' });
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })).name, ADMIN.name);
  assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })).access_token);
});

test('the nonce retry, step by step (oauth4webapi)', async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  await server.command(['client', 'set', registered.machine.id, '--dpop', 'required-with-nonce']);
  const client = { client_id: registered.machine.id };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const ask = async () => {
    const auth = oauth.ClientSecretBasic(registered.machine.secret);
    const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, { resource: server.api }, { ...options, DPoP });
    return oauth.processClientCredentialsResponse(as, client, answer);
  };
  const first = await ask().then(() => assert.fail('no nonce was wanted'), (thrown) => thrown);
  assert.ok(oauth.isDPoPNonceError(first), first.message);
  const tokens = await ask();
  assert.equal(tokens.token_type, 'dpop');
  const answer = await oauth.protectedResourceRequest(tokens.access_token, 'GET', dragons(), undefined, undefined, { ...options, DPoP });
  assert.equal(answer.status, 200);
  await server.command(['client', 'set', registered.machine.id, '--dpop', 'optional']);
});

test('introspection tells the key', async () => {
  const config = await discover(registered.machine);
  const DPoP = await handle(config);
  const tokens = await oidc.clientCredentialsGrant(config, { resource: server.api }, { DPoP });
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  const said = await oidc.tokenIntrospection(await discover({ id: server.api, secret: api_secret }), tokens.access_token);
  assert.deepEqual([said.active, said.token_type, said.cnf.jkt], [true, 'DPoP', await DPoP.calculateThumbprint()]);
});

test('the API says that it takes bound tokens (RFC 9728)', async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const resource = new URL(server.api);
  const answer = await oauth.resourceDiscoveryRequest(resource, options);
  const metadata = await oauth.processResourceDiscoveryResponse(new URL(JSON.parse(await answer.clone().text()).resource), answer);
  assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
  assert.equal(metadata.dpop_bound_access_tokens_required, false);
});
