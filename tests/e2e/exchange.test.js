/** Token exchange (RFC 8693) and the JWT bearer grant (RFC 7523): a published library’s generic requests, a partner’s assertions made by another. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const PARTNER = 'https://login.partner.example';
const plain = { [oauth.allowInsecureRequests]: true };

let server;
let as;
let service;
let tv;
let key;

before(async () => {
  server = await Server.start();
  as = await oauth
    .discoveryRequest(new URL(server.issuer), plain)
    .then((response) => oauth.processDiscoveryResponse(new URL(server.issuer), response));
  tv = (await server.command(['client', 'add', '--native', '--device', '--name', 'TV', '--api', `${server.api}=read:dragons`])).client;
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  key = privateKey;
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'p1', alg: 'ES256' }] };
  const file = await server.file('partner.json', jwks);
  await server.command(['issuer', 'add', PARTNER, '--jwks', file, '--subject', 'login-identifier']);
  const added = await server.command(['client', 'add', '--machine', '--name', 'Orders', '--api', `${server.api}=read:dragons`]);
  const rules = {
    grant_types: ['client_credentials', EXCHANGE, BEARER],
    token_exchange: [{ audience: server.api, scopes: 'read:dragons', subject_clients: [tv.client_id] }],
    jwt_bearer: [{ issuer: PARTNER, audience: server.api, scopes: 'read:dragons' }],
  };
  await server.command(['client', 'set', added.client.client_id, '--metadata', await server.file('rules.json', rules)]);
  service = { client: { client_id: added.client.client_id }, auth: oauth.ClientSecretBasic(added.client_secret) };
});
after(() => server?.stop());

async function ask(grant, parameters) {
  const response = await oauth.genericTokenEndpointRequest(as, service.client, service.auth, grant, parameters, plain);
  return oauth.processGenericTokenEndpointResponse(as, service.client, response);
}

/** An access token of the first client, by the device grant: no browser is needed for it. */
async function userToken() {
  const client = { client_id: tv.client_id };
  const parameters = { scope: 'openid read:dragons', resource: server.api };
  const started = await oauth
    .deviceAuthorizationRequest(as, client, oauth.None(), parameters, plain)
    .then((response) => oauth.processDeviceAuthorizationResponse(as, client, response));
  const visitor = new Visitor();
  let page = await visitor.get(started.verification_uri);
  page = await visitor.submit(page, '/device', { user_code: started.user_code });
  page = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
  await visitor.submit(page, '/device/answer', { compared: 'yes' }, { button: ['decision', 'allow'] });
  const response = await oauth.deviceCodeGrantRequest(as, client, oauth.None(), started.device_code, plain);
  return (await oauth.processDeviceCodeResponse(as, client, response)).access_token;
}

const opens = async (token) =>
  (await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${token}` } })).status;

test('oauth4webapi: a token is exchanged, says who acts, and opens the API', async () => {
  const subject_token = await userToken();
  const answer = await ask(EXCHANGE, { subject_token, subject_token_type: ACCESS_TOKEN, audience: server.api });
  assert.equal(answer.issued_token_type, ACCESS_TOKEN);
  assert.equal(answer.scope, 'read:dragons');
  const [before, after] = [subject_token, answer.access_token].map(decodeJwt);
  assert.deepEqual([after.sub, after.sid, after.act], [before.sub, before.sid, { sub: service.client.client_id }]);
  assert.ok(after.exp <= before.exp);
  assert.equal(await opens(answer.access_token), 200);
  const more = { subject_token, subject_token_type: ACCESS_TOKEN, scope: 'openid' };
  await assert.rejects(ask(EXCHANGE, more), { error: 'invalid_scope', status: 400 });
  await assert.rejects(ask(EXCHANGE, { subject_token: 'x.y.z', subject_token_type: ACCESS_TOKEN }), { error: 'invalid_request' });
});

test('oauth4webapi and jose: a partner’s assertion brings a token of its user, once', async () => {
  const says = (claims = {}) =>
    new SignJWT({ jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'p1' })
      .setIssuer(PARTNER)
      .setSubject(ADMIN.email)
      .setAudience(claims.aud ?? server.issuer)
      .setIssuedAt()
      .setExpirationTime('2m')
      .sign(key);
  const assertion = await says();
  const answer = await ask(BEARER, { assertion, scope: 'read:dragons' });
  assert.equal(answer.refresh_token, undefined);
  assert.equal(await opens(answer.access_token), 200);
  await assert.rejects(ask(BEARER, { assertion }), { error: 'invalid_grant', status: 400 });
  await assert.rejects(ask(BEARER, { assertion: await says({ aud: `${server.issuer}/oauth/token` }) }), { error: 'invalid_grant' });
});
