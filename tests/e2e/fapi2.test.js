/** FAPI 2.0 by published client libraries: the security profile, message signing, and rich authorization requests under it. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'https://bank.test/callback'; // nothing listens there: redirects end before it
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const plainly = { [oauth.allowInsecureRequests]: true };
const atHome = (url) => url.startsWith('https://bank.test/');
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const headerOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));

const PAYMENT = { type: 'payment', amount: '123.50 EUR', creditor: 'Merchant A' };
const TYPES = [
  {
    type: 'payment',
    title: 'Pay once',
    fields: [
      { name: 'amount', label: 'Amount', required: true },
      { name: 'creditor', label: 'To', required: true },
    ],
  },
];

let server;
let key;
const registered = {};

before(async () => {
  server = await Server.start();
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  key = { key: keys.privateKey, kid: 'bank' };
  const jwks = await server.file('bank.jwks.json', { keys: [{ kty, crv, x, y, kid: 'bank', alg: 'ES256', use: 'sig' }] });
  await server.command(['api', 'set', server.api, '--details-types', await server.file('types.json', TYPES)]);
  const add = async (profile, ...more) => {
    const args = ['--web', '--name', profile, '--redirect', HOME, '--jwks', jwks, '--api', `${server.api}=read:dragons`];
    const { client, client_secret } = await server.command(['client', 'add', ...args, '--security-profile', profile, ...more]);
    assert.equal(client_secret, null);
    return client.client_id;
  };
  registered.fapi2 = await add('fapi2', '--details-type', 'payment');
  registered.signed = await add('fapi2-signed');
});
after(() => server?.stop());

const discover = (id, ...execute) =>
  oidc.discovery(new URL(server.issuer), id, { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' }, oidc.PrivateKeyJwt(key), {
    execute: [oidc.allowInsecureRequests, ...execute],
  });
const handle = async (config) => oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));

async function begin(extra = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const parameters = {
    redirect_uri: HOME,
    scope: 'openid offline_access read:dragons',
    resource: server.api,
    response_type: 'code',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  };
  return { parameters, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

/** Signs in on the hosted page and allows what is asked; gives the answer at the redirect URI, and the page that asked. */
async function throughPages(url) {
  const visitor = new Visitor();
  const page = await visitor.get(url.href, atHome);
  if (atHome(page.url)) return { back: new URL(page.url) };
  const fields = { username: ADMIN.email, password: ADMIN.password };
  const next = await visitor.submit(page, '/login', fields, { stop: atHome });
  if (atHome(next.url)) return { back: new URL(next.url) };
  const done = await visitor.submit(next, '/consent', {}, { button: ['decision', 'allow'], stop: atHome });
  return { back: new URL(done.url), asked: next.body };
}

test('openid-client: pushed request, private_key_jwt, DPoP, and a refresh token that stays', async () => {
  const config = await discover(registered.fapi2);
  const DPoP = await handle(config);
  const { parameters, checks } = await begin();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const { back } = await throughPages(url);
  assert.equal(back.searchParams.get('iss'), server.issuer);
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(headerOf(tokens.access_token).alg, 'ES256', 'whatever the API is registered for');
  assert.deepEqual(claimsOf(tokens.access_token).cnf, { jkt: await DPoP.calculateThumbprint() });
  for (let turn = 0; turn < 2; turn++) {
    const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    assert.equal(fresh.refresh_token, undefined);
    const dragons = await oidc.fetchProtectedResource(config, fresh.access_token, new URL('/api/dragons', server.api), 'GET', undefined, undefined, { DPoP });
    assert.equal(dragons.status, 200);
  }
});

test('openid-client: a payment is shown on the page and stands in the tokens', async () => {
  const config = await discover(registered.fapi2);
  const DPoP = await handle(config);
  assert.deepEqual(config.serverMetadata().authorization_details_types_supported, ['payment']);
  const { parameters, checks } = await begin({ authorization_details: JSON.stringify([PAYMENT]) });
  const { back, asked } = await throughPages(await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }));
  for (const told of ['Pay once', '123.50 EUR', 'Merchant A']) assert.ok(asked.includes(told), told);
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.deepEqual(tokens.authorization_details, [PAYMENT]);
  assert.deepEqual(claimsOf(tokens.access_token).authorization_details, [PAYMENT]);
  const refused = await begin({ authorization_details: JSON.stringify([{ ...PAYMENT, type: 'gift' }]) });
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, refused.parameters, { DPoP }), { error: 'invalid_authorization_details' });
});

test('what the profile forbids is refused to the same library', async () => {
  const config = await discover(registered.fapi2);
  const DPoP = await handle(config);
  const { parameters, checks } = await begin();
  const { back: plain } = await throughPages(oidc.buildAuthorizationUrl(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(config, plain, checks), { error: 'invalid_request' });
  const { code_challenge: _, code_challenge_method: __, ...without } = parameters;
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, without), { error: 'invalid_request' });
  const { back } = await throughPages(await oidc.buildAuthorizationUrlWithPAR(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), { error: 'invalid_dpop_proof' });
  const loose = oidc.PrivateKeyJwt(key, { [oidc.modifyAssertion]: (_header, payload) => { payload.aud = [server.issuer]; } });
  const listing = await oidc.discovery(new URL(server.issuer), registered.fapi2, {}, loose, insecure);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(listing, parameters), { error: 'invalid_client' });
  assert.ok((await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP })).access_token);
});

test('openid-client: message signing, request and answer', async () => {
  const config = await discover(registered.signed, oidc.useJwtResponseMode);
  const DPoP = await handle(config);
  const { parameters, checks } = await begin();
  const { searchParams } = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
  const url = await oidc.buildAuthorizationUrlWithPAR(config, searchParams, { DPoP });
  const { back } = await throughPages(url);
  assert.deepEqual([...back.searchParams.keys()], ['response']);
  assert.equal(headerOf(back.searchParams.get('response')).alg, 'ES256');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.equal(tokens.claims().aud, registered.signed);
  const unsigned = await begin();
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, unsigned.parameters, { DPoP }), { error: 'invalid_request' });
});

test('oauth4webapi: the whole security profile', async () => {
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  const client = { client_id: registered.fapi2, id_token_signed_response_alg: 'ES256' };
  const auth = oauth.PrivateKeyJwt(key);
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const { parameters, checks } = await begin();
  const pushed = await oauth.pushedAuthorizationRequest(as, client, auth, parameters, { DPoP, ...plainly });
  const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, client, pushed);
  assert.ok(expires_in < 600);
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, request_uri });
  const { back } = await throughPages(url);
  const answer = oauth.validateAuthResponse(as, client, back, checks.expectedState);
  const grant = () => oauth.authorizationCodeGrantRequest(as, client, auth, answer, HOME, checks.pkceCodeVerifier, { DPoP, ...plainly });
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, await grant(), { expectedNonce: checks.expectedNonce, requireIdToken: true });
  assert.equal(tokens.token_type, 'dpop');
  const again = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, { DPoP, ...plainly });
  assert.ok((await oauth.processRefreshTokenResponse(as, client, again)).access_token);
  await assert.rejects(async () => oauth.processAuthorizationCodeResponse(as, client, await grant(), { expectedNonce: checks.expectedNonce }), { error: 'invalid_grant' });
});

test('oauth4webapi: a signed answer to the introspection of an API', async () => {
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  const config = await discover(registered.fapi2);
  const DPoP = await handle(config);
  const { parameters, checks } = await begin();
  const { back } = await throughPages(await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }));
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  const api = { client_id: server.api, introspection_signed_response_alg: 'RS256' };
  const auth = oauth.ClientSecretBasic(api_secret);
  const asked = await oauth.introspectionRequest(as, api, auth, tokens.access_token, { requestJwtResponse: true, ...plainly });
  assert.match(asked.headers.get('content-type'), /^application\/token-introspection\+jwt/);
  const said = await oauth.processIntrospectionResponse(as, api, asked);
  await oauth.validateApplicationLevelSignature(as, asked, plainly);
  assert.equal(said.active, true);
  assert.deepEqual(said.cnf, { jkt: await DPoP.calculateThumbprint() });
});

test('jose: a request that only the server can read', async () => {
  const metadata = await server.file('encrypts.json', { request_object_encryption_alg: 'ECDH-ES+A256KW' });
  await server.command(['client', 'set', registered.signed, '--metadata', metadata]);
  const config = await discover(registered.signed, oidc.useJwtResponseMode);
  assert.deepEqual(config.serverMetadata().request_object_encryption_alg_values_supported, ['ECDH-ES+A256KW']);
  const { keys } = await (await fetch(config.serverMetadata().jwks_uri)).json();
  const jwk = keys.find((one) => one.use === 'enc');
  const DPoP = await handle(config);
  const { parameters, checks } = await begin();
  const { searchParams } = await oidc.buildAuthorizationUrlWithJAR(config, parameters, key);
  const request = await new jose.CompactEncrypt(new TextEncoder().encode(searchParams.get('request')))
    .setProtectedHeader({ alg: jwk.alg, enc: 'A256GCM', kid: jwk.kid, cty: 'JWT' })
    .encrypt(await jose.importJWK(jwk));
  const url = await oidc.buildAuthorizationUrlWithPAR(config, { client_id: registered.signed, request }, { DPoP });
  const { back } = await throughPages(url);
  assert.ok((await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP })).access_token);
});
