/** What comes back from the authorization endpoint, read by published client libraries: implicit, hybrid, JARM, encrypted. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { forms, Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const insecure = { [oauth.allowInsecureRequests]: true }; // plain HTTP on loopback

let server, registered, published, reader;

/** A client of this server with further members of its registration. */
async function register(name, metadata) {
  const people = ['--redirect', HOME, '--api', `${server.api}=read:dragons`];
  const { client, client_secret } = await server.command(['client', 'add', '--web', '--name', name, ...people]);
  if (metadata) await server.command(['client', 'set', client.client_id, '--metadata', await server.file(`${name}.json`, metadata)]);
  return { id: client.client_id, secret: client_secret };
}

before(async () => {
  server = await Server.start();
  const response_types = ['code', 'code id_token', 'code id_token token', 'code token', 'id_token', 'id_token token', 'none', 'token'];
  const grant_types = ['authorization_code', 'implicit', 'refresh_token'];
  registered = await register('everything', { response_types, grant_types });
  const url = new URL(server.issuer);
  published = await oauth.discoveryRequest(url, insecure).then((response) => oauth.processDiscoveryResponse(url, response));

  reader = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', reader.publicKey);
  reader.jwks = { keys: [{ kty, crv, x, y, kid: 'reader', use: 'enc', alg: 'ECDH-ES+A128KW' }] };
});
after(() => server?.stop());

const configure = ({ id, secret }, metadata = {}, ...execute) =>
  oidc.discovery(new URL(server.issuer), id, metadata, oidc.ClientSecretBasic(secret), {
    execute: [oidc.allowInsecureRequests, ...execute],
  });

/** The authorization request of one sign-in, and what must be remembered of it. */
async function begin(config, extra = {}) {
  const [state, nonce, pkceCodeVerifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid profile email read:dragons',
    resource: server.api,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...extra,
  });
  return { url, state, nonce, checks: { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

const atHome = (url) => url.startsWith(HOME);

/** Signs in on the hosted page; gives the answer at the redirect URI, or the page that carries it there. */
async function throughPages(url, visitor = new Visitor()) {
  const page = await visitor.get(url.href, atHome);
  if (!page.body.includes('name="password"')) return page;
  const fields = { username: ADMIN.email, password: ADMIN.password };
  return visitor.submit(page, '/login', fields, { stop: atHome });
}

const back = async (url, visitor) => new URL((await throughPages(url, visitor)).url);

/** What a page of `form_post` would post, as the client's server receives it. */
async function posted(url) {
  const [form] = forms(await throughPages(url));
  assert.equal(form.action, HOME);
  return new Request(HOME, { method: 'POST', body: new URLSearchParams(form.hidden) });
}

test('discovery lists every response type and mode', async () => {
  assert.equal(published.response_types_supported.length, 8);
  for (const mode of ['query', 'fragment', 'form_post', 'web_message'])
    for (const name of [mode, `${mode}.jwt`]) assert.ok(published.response_modes_supported.includes(name), name);
  assert.ok(published.grant_types_supported.includes('implicit'));
});

test('openid-client: an ID token in the fragment, and posted', async () => {
  const config = await configure(registered, {}, oidc.useIdTokenResponseType);
  const first = await begin(config);
  const claims = await oidc.implicitAuthentication(config, await back(first.url), first.nonce, { expectedState: first.state });
  assert.equal(claims.email, ADMIN.email, 'no access token could fetch the profile');
  assert.ok(claims.sid && claims.auth_time);
  const second = await begin(config, { response_mode: 'form_post' });
  const request = await posted(second.url);
  assert.equal((await oidc.implicitAuthentication(config, request, second.nonce, { expectedState: second.state })).sub, claims.sub);

  const third = await begin(config);
  const answer = await back(third.url);
  await assert.rejects(oidc.implicitAuthentication(config, answer, 'another nonce', { expectedState: third.state }));
  await assert.rejects(oidc.implicitAuthentication(config, answer, third.nonce, { expectedState: 'another state' }));
});

test('openid-client: code id_token, and the same as a detached signature', async () => {
  for (const checks of [[], [oidc.enableDetachedSignatureResponseChecks]]) {
    const config = await configure(registered, {}, oidc.useCodeIdTokenResponseType, ...checks);
    oidc.enableNonRepudiationChecks(config);
    const { url, checks: expected } = await begin(config);
    const answer = await back(url);
    const forged = new URL(answer.href.replace(/code=[^&]*/, (code) => `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`));
    await assert.rejects(oidc.authorizationCodeGrant(config, forged, expected), 'c_hash binds the code');
    const tokens = await oidc.authorizationCodeGrant(config, answer, expected);
    const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(user.email, ADMIN.email);
  }
});

test('oauth4webapi: code id_token, and a detached signature', async () => {
  const config = await configure(registered, {}, oidc.useCodeIdTokenResponseType);
  const client = { client_id: registered.id };
  for (const validate of [oauth.validateCodeIdTokenResponse, oauth.validateDetachedSignatureResponse]) {
    const { url, state, nonce } = await begin(config);
    const answer = await back(url);
    const params = await validate(published, client, answer, nonce, state, undefined, insecure);
    assert.ok(params.get('code'));
    const swapped = new URL(answer.href.replace(/state=[^&]*/, 'state=other'));
    await assert.rejects(validate(published, client, swapped, nonce, 'other', undefined, insecure), 's_hash binds the state');
  }
});

test('an access token beside them opens the API and userinfo, and ends with the session', async () => {
  const config = await configure(registered);
  const visitor = new Visitor();
  const { url } = await begin(config, { response_type: 'code id_token token' });
  const params = new URLSearchParams((await back(url, visitor)).hash.slice(1));
  const token = params.get('access_token');
  const call = () => fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await call()).status, 200);
  const user = await oidc.fetchUserInfo(config, token, oidc.skipSubjectCheck);
  assert.equal(user.email, ADMIN.email);
  const leave = oidc.buildEndSessionUrl(config, { id_token_hint: params.get('id_token') });
  await visitor.get(leave.href);
  await assert.rejects(oidc.fetchUserInfo(config, token, user.sub));
  for (let turn = 0; (await call()).status !== 401; turn++) {
    assert.ok(turn < 100, 'the API still takes it');
    await new Promise((next) => setTimeout(next, 50)); // the feed brings the news
  }
});

test('what is not registered is refused in the fragment', async () => {
  const plain = await register('plain');
  const config = await configure(plain, {}, oidc.useIdTokenResponseType);
  const { url, nonce, state } = await begin(config);
  const answer = await back(url);
  assert.equal(answer.search, '');
  await assert.rejects(oidc.implicitAuthentication(config, answer, nonce, { expectedState: state }), { error: 'unauthorized_client' });
});

test('openid-client: signed answers, refusals too', async () => {
  const config = await configure(registered, {}, oidc.useJwtResponseMode);
  const { url, checks } = await begin(config);
  const answer = await back(url);
  assert.deepEqual([...answer.searchParams.keys()], ['response']);
  const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
  assert.ok(tokens.access_token);
  const silent = await begin(config, { prompt: 'none' });
  const refusal = await back(silent.url);
  assert.deepEqual([...refusal.searchParams.keys()], ['response']);
  await assert.rejects(oidc.authorizationCodeGrant(config, refusal, silent.checks), { error: 'login_required' });
});

test('oauth4webapi: an answer signed as registered, for this client, by this server', async () => {
  const signed = await register('signed', { authorization_signed_response_alg: 'ES256' });
  const as = { ...published }; // the library keeps the keys it fetched by this object
  const client = { client_id: signed.id, authorization_signed_response_alg: 'ES256' };
  const config = await configure(signed);
  const { url, state } = await begin(config, { response_mode: 'jwt' });
  const answer = await back(url);
  const params = await oauth.validateJwtAuthResponse(as, client, answer, state, insecure);
  assert.ok(params.get('code'));
  const wrong = [
    [{ ...client, authorization_signed_response_alg: 'RS256' }, answer, state],
    [{ ...client, client_id: registered.id }, answer, state],
    [client, answer, 'another state'],
    [client, new URL(answer.href.replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A'))), state],
  ];
  for (const [who, where, expected] of wrong)
    await assert.rejects(oauth.validateJwtAuthResponse(as, who, where, expected, insecure));
});

test('openid-client: encrypted answers and encrypted ID tokens', async () => {
  const encrypted = await register('encrypted', {
    jwks: reader.jwks,
    authorization_encrypted_response_alg: 'ECDH-ES+A128KW',
    authorization_encrypted_response_enc: 'A256GCM',
    id_token_encrypted_response_alg: 'ECDH-ES+A128KW',
  });
  const config = await configure(encrypted, {}, oidc.useJwtResponseMode);
  oidc.enableDecryptingResponses(config, ['A256GCM', 'A128CBC-HS256'], { key: reader.privateKey, alg: 'ECDH-ES+A128KW', kid: 'reader' });
  const { url, checks } = await begin(config);
  const answer = await back(url);
  assert.equal(answer.searchParams.get('response').split('.').length, 5);
  const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
  assert.equal(tokens.id_token.split('.').length, 5);
  assert.equal(tokens.claims().aud, encrypted.id);
  const stranger = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  const other = await configure(encrypted, {}, oidc.useJwtResponseMode);
  oidc.enableDecryptingResponses(other, undefined, { key: stranger.privateKey, alg: 'ECDH-ES+A128KW', kid: 'reader' });
  const again = await begin(other);
  await assert.rejects(oidc.authorizationCodeGrant(other, await back(again.url), again.checks));
});

test('openid-client and jose: an ID token under the secret of its client, which is shown anew', async () => {
  const { id, secret: before } = await register('hmac');
  const file = await server.file('hmac.json', { id_token_signed_response_alg: 'HS256' });
  const { client_secret: secret } = await server.command(['client', 'set', id, '--metadata', file]);
  assert.ok(secret && secret !== before);
  const config = await configure({ id, secret }, { id_token_signed_response_alg: 'HS256' });
  const { url, checks } = await begin(config);
  const tokens = await oidc.authorizationCodeGrant(config, await back(url), checks);
  const expected = { issuer: server.issuer, audience: id, algorithms: ['HS256'] };
  const { payload } = await jwtVerify(tokens.id_token, new TextEncoder().encode(secret), expected);
  assert.equal(payload.sub, tokens.claims().sub);
  await assert.rejects(jwtVerify(tokens.id_token, new TextEncoder().encode(before), expected));
});
