/** OpenID Connect Core beyond the basics, with a published client library: signed and encrypted userinfo, names that cannot be compared. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it

let server, reader;

before(async () => {
  server = await Server.start();
  reader = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', reader.publicKey);
  reader.jwks = { keys: [{ kty, crv, x, y, kid: 'reader', use: 'enc', alg: 'ECDH-ES+A128KW' }] };
});
after(() => server?.stop());

/** A client of this server with these members of its registration. */
async function register(name, metadata) {
  const { client, client_secret } = await server.command(['client', 'add', '--web', '--name', name, '--redirect', HOME]);
  if (metadata) await server.command(['client', 'set', client.client_id, '--metadata', await server.file(`${client.client_id}.json`, metadata)]);
  // Other names for people revoke what was issued before, to the second.
  if (metadata?.subject_type) await setTimeout(1_100);
  return { id: client.client_id, secret: client_secret };
}

const configure = ({ id, secret }, metadata = {}, ...execute) =>
  oidc.discovery(new URL(server.issuer), id, metadata, oidc.ClientSecretBasic(secret), {
    execute: [oidc.allowInsecureRequests, ...execute],
  });

const atHome = (url) => url.startsWith(HOME);

async function signIn(config, extra = {}) {
  const [expectedState, expectedNonce, pkceCodeVerifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid email',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...extra,
  });
  const visitor = new Visitor();
  const page = await visitor.get(url.href, atHome);
  const back = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password }, { stop: atHome });
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return { tokens: await oidc.authorizationCodeGrant(config, new URL(back.url), checks), visitor };
}

const userinfo = (config, tokens) => oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);

test('openid-client: signed userinfo', async () => {
  for (const alg of ['RS256', 'ES256']) {
    const client = await register(`Signed ${alg}`, { userinfo_signed_response_alg: alg });
    const config = await configure(client, { userinfo_signed_response_alg: alg });
    const { tokens } = await signIn(config);
    assert.equal((await userinfo(config, tokens)).email, ADMIN.email);
    // A client that takes nothing unsigned takes nothing signed otherwise.
    const strict = await configure(client, { userinfo_signed_response_alg: alg === 'RS256' ? 'ES256' : 'RS256' });
    await assert.rejects(userinfo(strict, tokens));
  }
});

test('openid-client: userinfo that is signed, then encrypted', async () => {
  const encryption = { userinfo_encrypted_response_alg: 'ECDH-ES+A128KW', userinfo_encrypted_response_enc: 'A256GCM' };
  const client = await register('Sealed', { ...encryption, userinfo_signed_response_alg: 'ES256', jwks: reader.jwks });
  const decrypting = (config) =>
    oidc.enableDecryptingResponses(config, ['A256GCM'], { key: reader.privateKey, kid: 'reader', alg: 'ECDH-ES+A128KW' });
  const config = await configure(client, { userinfo_signed_response_alg: 'ES256' }, decrypting);
  const { tokens } = await signIn(config);
  assert.equal((await userinfo(config, tokens)).email, ADMIN.email);
  const blind = await configure(client, { userinfo_signed_response_alg: 'ES256' });
  await assert.rejects(userinfo(blind, tokens));
});

test('openid-client: pairwise subjects of two sectors, and of one that two clients share', async (t) => {
  const listed = JSON.stringify([HOME]);
  const sector = createServer((request, response) => response.setHeader('content-type', 'application/json').end(listed));
  await once(sector.listen(0, '127.0.0.1'), 'listening');
  t.after(() => sector.close());
  const shared = { subject_type: 'pairwise', sector_identifier_uri: `http://127.0.0.1:${sector.address().port}/sector.json` };
  const subjects = [];
  for (const [name, metadata] of [
    ['Public', undefined],
    ['Alone', { subject_type: 'pairwise' }],
    ['First of two', shared],
    ['Second of two', shared],
  ]) {
    const config = await configure(await register(name, metadata));
    const { tokens } = await signIn(config);
    const { sub } = tokens.claims();
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).sub, sub);
    subjects.push(sub);
  }
  const [common, alone, first, second] = subjects;
  assert.equal(first, second);
  assert.equal(new Set([common, alone, first]).size, 3);
});

test('openid-client: every standard claim in its type', async () => {
  const claims = ['birthdate=1915-12-10', 'address.country=GB', 'phone_number=+44 1', 'phone_number_verified=true', 'zoneinfo=Europe/London'];
  await server.command(['user', 'set', ADMIN.email, ...claims.flatMap((claim) => ['--claim', claim])]);
  const config = await configure(await register('Claims'));
  const { tokens } = await signIn(config, { scope: 'openid profile email phone address' });
  const { updated_at, ...said } = await userinfo(config, tokens);
  assert.equal(typeof updated_at, 'number');
  assert.deepEqual(said.address, { country: 'GB' });
  assert.equal(said.phone_number_verified, true);
  assert.equal(said.birthdate, '1915-12-10');
});
