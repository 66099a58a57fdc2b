/** A published client library, used as its manual says, against every endpoint it knows; revocation and introspection by a second one. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback';
const BYE = 'http://localhost:9/bye';
const STRANGER = 'https://stranger.example/callback'; // nothing listens at any of these: redirects end before them
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback

let server;
const registered = {};

before(async () => {
  server = await Server.start();
  const api = `${server.api}=read:dragons`;
  const add = async (...args) => {
    const { client, client_secret } = await server.command(['client', 'add', ...args]);
    return { id: client.client_id, secret: client_secret };
  };
  const people = ['--redirect', HOME, '--post-logout', BYE, '--api', api];
  registered.web = await add('--web', '--name', 'Web', ...people);
  registered.spa = await add('--spa', '--name', 'Single page', ...people);
  registered.stranger = await add('--web', '--name', 'Stranger', '--third-party', '--redirect', STRANGER, ...people);
  registered.machine = await add('--machine', '--name', 'Machine', '--api', api);
});
after(() => server?.stop());

const discover = ({ id, secret }, auth = oidc.ClientSecretBasic(secret)) =>
  oidc.discovery(new URL(server.issuer), id, {}, auth, insecure);

/** The authorization request of one sign-in, and what must be remembered of it. */
async function begin(config, extra = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid profile email offline_access read:dragons',
    resource: server.api,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

const atHome = (url) => url.startsWith('http://localhost:9/') || url.startsWith(STRANGER);

/** Signs in on the hosted page; gives the answer at the redirect URI. */
async function throughPages(url, visitor = new Visitor()) {
  const page = await visitor.get(url.href, atHome);
  if (atHome(page.url)) return new URL(page.url);
  const fields = { username: ADMIN.email, password: ADMIN.password };
  return new URL((await visitor.submit(page, '/login', fields, { stop: atHome })).url);
}

async function signIn(config, { visitor, parameters, extra } = {}) {
  const { url, checks } = await begin(config, extra);
  const back = await throughPages(url, visitor);
  return oidc.authorizationCodeGrant(config, back, checks, parameters);
}

const thrownBy = (promise) => promise.then(() => assert.fail('not refused'), (thrown) => thrown);

/** The OAuth error a call ends in. */
async function refused(promise, error, status = 400) {
  const thrown = await thrownBy(promise);
  assert.equal(thrown.error, error, thrown.message);
  if (thrown.status) assert.equal(thrown.status, status);
}

/** A client that failed to authenticate with the Authorization header is told the scheme (RFC 6749 §5.2). */
async function challenged(promise) {
  const thrown = await thrownBy(promise);
  assert.ok(thrown instanceof oidc.WWWAuthenticateChallengeError, thrown.message);
  assert.equal(thrown.status, 401);
  assert.deepEqual(thrown.cause.map(({ scheme }) => scheme), ['basic']);
  assert.equal((await thrown.response.json()).error, 'invalid_client');
}

test('discovery lists what works', async () => {
  const metadata = (await discover(registered.web)).serverMetadata();
  assert.equal(metadata.issuer, server.issuer);
  assert.ok(metadata.supportsPKCE());
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.ok(metadata.response_types_supported.includes('code'));
  for (const grant of ['authorization_code', 'refresh_token', 'client_credentials'])
    assert.ok(metadata.grant_types_supported.includes(grant), grant);
  for (const method of ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method), method);
});

test('code with PKCE: tokens, ID-token claims, userinfo', async () => {
  const config = await discover(registered.web);
  oidc.enableNonRepudiationChecks(config); // check signatures too
  const tokens = await signIn(config);
  const claims = tokens.claims();
  assert.equal(claims.iss, server.issuer);
  assert.equal(claims.aud, registered.web.id);
  assert.ok(tokens.refresh_token && tokens.expiresIn() > 0);
  assert.ok(tokens.scope.split(' ').includes('read:dragons'));
  const user = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(user.name, ADMIN.name);
  assert.equal(user.email, ADMIN.email);
  assert.equal(typeof user.email_verified, 'boolean');
});

test('the API takes the access token, and never the ID token', async () => {
  const config = await discover(registered.web);
  const tokens = await signIn(config);
  const call = (token) => fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await call(tokens.access_token)).status, 200);
  const wrong = await call(tokens.id_token);
  assert.equal(wrong.status, 401);
  assert.match(wrong.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/);
  assert.equal((await fetch(`${server.api}/api/dragons`)).status, 401);
});

test('a public client, and client_secret_post', async () => {
  assert.ok((await signIn(await discover(registered.spa, oidc.None()))).access_token);
  const { id, secret } = await server
    .command(['client', 'add', '--web', '--name', 'Post', '--auth-method', 'client_secret_post', '--redirect', HOME, '--api', `${server.api}=read:dragons`])
    .then(({ client, client_secret }) => ({ id: client.client_id, secret: client_secret }));
  assert.ok((await signIn(await discover({ id, secret }, oidc.ClientSecretPost(secret)))).access_token);
});

test('a single sign-on session answers prompt=none; without one it is login_required', async () => {
  const config = await discover(registered.web);
  const visitor = new Visitor();
  await signIn(config, { visitor });
  const tokens = await signIn(config, { visitor, extra: { prompt: 'none' } });
  assert.ok(tokens.access_token);
  const { url, checks } = await begin(config, { prompt: 'none' });
  const back = await throughPages(url);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), { error: 'login_required' });
});

test('a wrong verifier, a foreign client and a second use of a code are invalid_grant', async () => {
  const config = await discover(registered.web);
  const { url, checks } = await begin(config);
  const back = await throughPages(url);
  await refused(oidc.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), 'invalid_grant');

  const again = await begin(config);
  const code = await throughPages(again.url);
  const thief = await discover(registered.stranger);
  await refused(oidc.authorizationCodeGrant(thief, code, again.checks), 'invalid_grant');
  const tokens = await oidc.authorizationCodeGrant(config, code, again.checks);
  assert.ok(tokens.access_token, 'the thief changed nothing');
  await refused(oidc.authorizationCodeGrant(config, code, again.checks), 'invalid_grant');
  await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
});

test('refresh tokens rotate; ten at once all go on; fewer scopes on demand, never more', async () => {
  const config = await discover(registered.spa, oidc.None());
  const first = await signIn(config);
  const second = await oidc.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  const many = await Promise.all(Array.from({ length: 10 }, () => oidc.refreshTokenGrant(config, second.refresh_token)));
  assert.equal(new Set(many.map((tokens) => tokens.refresh_token)).size, 1);
  const less = await oidc.refreshTokenGrant(config, many[0].refresh_token, { scope: 'openid' });
  assert.equal(less.scope, 'openid');
  const all = await oidc.refreshTokenGrant(config, less.refresh_token);
  assert.ok(all.scope.includes('read:dragons'), 'asking for less once does not lose the rest');
  await refused(oidc.refreshTokenGrant(config, all.refresh_token, { scope: 'openid write:dragons' }), 'invalid_scope');
});

test('client credentials, by secret', async () => {
  const config = await discover(registered.machine);
  const tokens = await oidc.clientCredentialsGrant(config, { resource: server.api, scope: 'read:dragons' });
  assert.equal(tokens.refresh_token, undefined);
  const url = new URL('/api/dragons', server.api);
  assert.equal((await oidc.fetchProtectedResource(config, tokens.access_token, url, 'GET')).status, 200);
  await refused(oidc.clientCredentialsGrant(config, { resource: 'https://unknown.example' }), 'invalid_target');
  const wrong = await discover({ id: registered.machine.id, secret: `${registered.machine.secret}x` });
  await challenged(oidc.clientCredentialsGrant(wrong, { resource: server.api }));
});

test('private_key_jwt: the issuer is the audience, and an assertion works once', async () => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  const jwks = await server.file('machine.jwks.json', { keys: [{ kty, crv, x, y, kid: 'one', alg: 'ES256', use: 'sig' }] });
  const { client } = await server.command(['client', 'add', '--machine', '--name', 'Signer', '--auth-method', 'private_key_jwt', '--jwks', jwks, '--api', `${server.api}=read:dragons`]);
  const who = { id: client.client_id };
  const signing = (modify = () => {}) =>
    oidc.PrivateKeyJwt({ key: keys.privateKey, kid: 'one' }, { [oidc.modifyAssertion]: modify });

  const typed = signing((header) => void (header.typ = 'client-authentication+jwt'));
  for (const auth of [signing(), typed]) {
    const tokens = await oidc.clientCredentialsGrant(await discover(who, auth), { resource: server.api });
    assert.ok(tokens.access_token);
  }
  const forged = {
    'another audience': (_, claims) => void (claims.aud = `${server.issuer}/oauth/token`),
    'a list of audiences': (_, claims) => void (claims.aud = [server.issuer, 'https://evil.test']),
    'another issuer': (_, claims) => void (claims.iss = 'somebody'),
    'no jti': (_, claims) => void delete claims.jti,
    'an expired one': (_, claims) => void (claims.exp = 1),
    'one for hours': (_, claims) => void (claims.exp += 36_000),
    'an access token’s type': (header) => void (header.typ = 'at+jwt'),
  };
  for (const [name, modify] of Object.entries(forged)) {
    const config = await discover(who, signing(modify));
    await assert.rejects(oidc.clientCredentialsGrant(config, { resource: server.api }), { error: 'invalid_client' }, name);
  }
  const replayed = await discover(who, signing((_, claims) => void (claims.jti = 'the same')));
  await oidc.clientCredentialsGrant(replayed, { resource: server.api });
  await refused(oidc.clientCredentialsGrant(replayed, { resource: server.api }), 'invalid_client', 401);
});

test('introspection by the API’s own credential; revocation ends the family', async () => {
  const config = await discover(registered.web);
  const tokens = await signIn(config);
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  const api = await discover({ id: server.api, secret: api_secret });
  const active = await oidc.tokenIntrospection(api, tokens.access_token);
  assert.equal(active.active, true);
  assert.equal(active.sub, tokens.claims().sub);
  assert.equal(active.client_id, registered.web.id);
  assert.deepEqual(await oidc.tokenIntrospection(api, 'no token'), { active: false });
  const outsider = await discover({ id: server.api, secret: 'sym_as_wrong' });
  await challenged(oidc.tokenIntrospection(outsider, tokens.access_token));

  await oidc.tokenRevocation(config, 'unknown');
  await oidc.tokenRevocation(await discover(registered.stranger), tokens.refresh_token).catch(() => {});
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(renewed.access_token, 'another client cannot revoke it');
  await oidc.tokenRevocation(config, renewed.refresh_token, { token_type_hint: 'access_token' }); // a wrong hint is no obstacle
  await refused(oidc.refreshTokenGrant(config, renewed.refresh_token), 'invalid_grant');
  assert.deepEqual(await oidc.tokenIntrospection(api, renewed.access_token), { active: false });
});

test('oauth4webapi: what was revoked is inactive, for its client and for the API', async () => {
  const plainly = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plainly));
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  const known = ({ id, secret }) => [{ client_id: id }, oauth.ClientSecretBasic(secret)];
  const [web, api] = [known(registered.web), known({ id: server.api, secret: api_secret })];
  const tokens = await signIn(await discover(registered.web));
  const isActive = async ([client, auth]) => {
    const asked = await oauth.introspectionRequest(as, client, auth, tokens.access_token, plainly);
    return (await oauth.processIntrospectionResponse(as, client, asked)).active;
  };
  const revoke = async ([client, auth], token) =>
    oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, plainly));

  assert.deepEqual([await isActive(web), await isActive(api)], [true, true]);
  await revoke(web, tokens.access_token);
  assert.deepEqual([await isActive(web), await isActive(api)], [false, false]);
  await revoke(web, tokens.access_token); // twice is no error (RFC 7009 §2.2)
  await assert.rejects(revoke(known({ ...registered.web, secret: 'wrong' }), tokens.refresh_token), (thrown) => thrown.cause?.[0]?.scheme === 'basic');
});

test('RP-initiated logout ends the session, with the hint at once and without it on asking', async () => {
  const config = await discover(registered.web);
  const visitor = new Visitor();
  const tokens = await signIn(config, { visitor });
  const url = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, state: 'x y' });
  const left = new URL((await visitor.get(url.href, atHome)).url);
  assert.equal(left.origin + left.pathname, BYE);
  assert.equal(left.searchParams.get('state'), 'x y');
  await refused(signIn(config, { visitor, extra: { prompt: 'none' } }), 'login_required');

  await signIn(config, { visitor });
  const asking = oidc.buildEndSessionUrl(config, { client_id: registered.web.id, post_logout_redirect_uri: BYE });
  const page = await visitor.get(asking.href, atHome);
  assert.equal(new URL(page.url).origin, server.issuer, 'it asks first');
  assert.ok((await signIn(config, { visitor, extra: { prompt: 'none' } })).access_token, 'nothing has happened yet');
  const gone = await visitor.submit(page, '/logout', {}, { stop: atHome });
  assert.ok(gone.url.startsWith(BYE) || gone.status === 200);
  await refused(signIn(config, { visitor, extra: { prompt: 'none' } }), 'login_required');

  const doubtful = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.test/' });
  const stayed = await visitor.get(doubtful.href);
  assert.equal(new URL(stayed.url).origin, server.issuer);
});

test('logout ends what belongs to the session at once; offline access of a web application goes on without it', async () => {
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  const api = await discover({ id: server.api, secret: api_secret });
  const web = await discover(registered.web);
  const spa = await discover(registered.spa, oidc.None());
  const visitor = new Visitor();
  const [ofWeb, ofSpa] = [await signIn(web, { visitor }), await signIn(spa, { visitor })];
  const sid = decoded(ofWeb.access_token).sid;
  assert.ok(sid);
  await visitor.get(oidc.buildEndSessionUrl(web, { id_token_hint: ofWeb.id_token, post_logout_redirect_uri: BYE }).href, atHome);

  for (const { access_token } of [ofWeb, ofSpa]) {
    assert.deepEqual(await oidc.tokenIntrospection(api, access_token), { active: false });
    const userinfo = await fetch(web.serverMetadata().userinfo_endpoint, { headers: { Authorization: `Bearer ${access_token}` } });
    assert.equal(userinfo.status, 401);
    assert.match(userinfo.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/);
  }
  await refused(oidc.refreshTokenGrant(spa, ofSpa.refresh_token), 'invalid_grant');
  const renewed = await oidc.refreshTokenGrant(web, ofWeb.refresh_token);
  assert.equal(decoded(renewed.access_token).sid, undefined, 'it claims no session');
  assert.equal((await oidc.tokenIntrospection(api, renewed.access_token)).active, true);
  const user = await oidc.fetchUserInfo(web, renewed.access_token, ofWeb.claims().sub);
  assert.equal(user.email, ADMIN.email);
});

/** The claims of a JWT, unverified. */
const decoded = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

test('a third party is asked about; no means access_denied, yes is remembered', async () => {
  const config = await discover(registered.stranger);
  const visitor = new Visitor();
  await signIn(await discover(registered.web), { visitor });
  const first = await begin(config);
  const asked = await visitor.get(first.url.href, atHome);
  assert.match(asked.body, /Stranger/);
  const denied = await visitor.submit(asked, '/consent', {}, { button: ['decision', 'deny'], stop: atHome });
  await assert.rejects(oidc.authorizationCodeGrant(config, new URL(denied.url), first.checks), { error: 'access_denied' });

  const allow = async (redirect_uri) => {
    const { url, checks } = await begin(config, { redirect_uri });
    const page = await visitor.get(url.href, atHome);
    const back = await visitor.submit(page, '/consent', {}, { button: ['decision', 'allow'], stop: atHome });
    assert.ok(back.url.startsWith(redirect_uri));
    assert.ok((await oidc.authorizationCodeGrant(config, new URL(back.url), checks)).access_token);
  };
  const asks = async (redirect_uri, extra) => {
    const { url } = await begin(config, { redirect_uri, ...extra });
    return !atHome((await visitor.get(url.href, atHome)).url);
  };
  await allow(STRANGER);
  assert.equal(await asks(STRANGER), false, 'yes is remembered');
  assert.equal(await asks(STRANGER, { prompt: 'consent' }), true);
  await allow(HOME);
  assert.equal(await asks(HOME), true, 'anything may listen on a loopback address: always asked');
});

test('prompt=login and max_age really ask again', async () => {
  const config = await discover(registered.web);
  const visitor = new Visitor();
  const before = (await signIn(config, { visitor })).claims();
  for (const extra of [{ prompt: 'login' }, { max_age: '0' }]) {
    const { url, checks } = await begin(config, extra);
    const page = await visitor.get(url.href, atHome);
    assert.ok(!atHome(page.url), JSON.stringify(extra));
    const back = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password }, { stop: atHome });
    const claims = (await oidc.authorizationCodeGrant(config, new URL(back.url), checks)).claims();
    assert.ok(claims.auth_time >= before.auth_time);
    assert.equal(claims.sub, before.sub);
  }
});

test('an unproven redirect URI or client is answered by a page, never by a redirect', async () => {
  const config = await discover(registered.web);
  for (const extra of [{ redirect_uri: `${HOME}/` }, { redirect_uri: 'https://evil.test/' }, { client_id: 'nobody' }]) {
    const { url } = await begin(config, extra);
    const answer = await new Visitor().send('GET', url.href);
    assert.equal(answer.status, 400, JSON.stringify(extra));
    assert.equal(answer.headers.location, undefined);
    assert.doesNotMatch(answer.body, /href="https:\/\/evil/);
  }
});
