/**
 * Clients that show certificates (RFC 8705), by two published libraries: on the listener that asks for them, and behind a proxy that
 * hands them on (RFC 9440).
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { certificateFile, credentials, der, fetchWith, freePort, serverCertificate, serverFiles } from './support/certificates.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const atHome = (url) => url.startsWith('http://localhost:9/');
const thumbprint = (name) => createHash('sha256').update(der(name)).digest('base64url');
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** A key set with a certificate in it. */
const keysOf = (name) => {
  const key = createPublicKey(credentials(name).key).export({ format: 'jwk' });
  return { keys: [{ ...key, use: 'sig', x5c: [der(name).toString('base64')] }] };
};

async function register(server) {
  const api = ['--api', `${server.api}=read:dragons`];
  const add = async (...args) => (await server.command(['client', 'add', ...args, ...api])).client.client_id;
  const own = await server.file('own.json', keysOf('self'));
  return {
    named: await add('--machine', '--name', 'Named', '--certificate', 'CN=reports,O=Example\\, Inc.,C=DE'),
    bound: await add('--machine', '--name', 'Bound', '--certificate', 'dns:reports.example.com', '--certificate-bound'),
    own: await add('--machine', '--name', 'Own', '--auth-method', 'self_signed_tls_client_auth', '--jwks', own, '--certificate-bound'),
    spa: await add('--spa', '--name', 'App', '--redirect', HOME, '--certificate-bound'),
  };
}

let server;
let clients;

before(async () => {
  const port = await freePort();
  const settings = {
    SYMBOLON_HTTP__TLS__CERT: serverFiles.cert,
    SYMBOLON_HTTP__TLS__KEY: serverFiles.key,
    SYMBOLON_MTLS__LISTEN: `127.0.0.1:${port}`,
    SYMBOLON_MTLS__CA: certificateFile('authority.crt'),
  };
  const front = (origin) => origin.replace('http://127.0.0.1', 'https://localhost');
  server = await Server.start({ settings, front, ca: serverCertificate });
  clients = await register(server);
});
after(() => server?.stop());

/** `openid-client`, on connections with this certificate. */
async function discover(id, name, auth = oidc.TlsClientAuth(), metadata = {}) {
  const fetch = fetchWith(name);
  const options = { [oidc.customFetch]: fetch };
  const config = await oidc.discovery(new URL(server.issuer), id, { use_mtls_endpoint_aliases: true, ...metadata }, auth, options);
  config[oidc.customFetch] = fetch;
  return config;
}

/** That a promise fails with this error of OAuth. */
const failsWith = (error) => (thrown) => {
  assert.equal(thrown.error ?? thrown.cause?.error ?? thrown.code, error, String(thrown));
  return true;
};

test('openid-client: tls_client_auth by subject and by name, at the other address', async () => {
  for (const id of [clients.named, clients.bound]) {
    const config = await discover(id, 'client');
    assert.match(config.serverMetadata().mtls_endpoint_aliases.token_endpoint, /^https:\/\/localhost:\d+\/oauth\/token$/);
    const tokens = await oidc.clientCredentialsGrant(config, { resource: server.api });
    assert.equal(tokens.token_type, 'bearer');
    const cnf = id === clients.bound ? { 'x5t#S256': thumbprint('client') } : undefined;
    assert.deepEqual(claimsOf(tokens.access_token).cnf, cnf);
    const told = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual([told.active, told.cnf], [true, cnf]);
    await oidc.tokenRevocation(config, tokens.access_token);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  }
});

test('openid-client: self_signed_tls_client_auth by a certificate of its key set', async () => {
  const config = await discover(clients.own, 'self');
  const tokens = await oidc.clientCredentialsGrant(config, { resource: server.api });
  assert.deepEqual(claimsOf(tokens.access_token).cnf, { 'x5t#S256': thumbprint('self') });
});

test('openid-client: every other certificate is refused', async () => {
  for (const [id, name] of [
    [clients.named, 'other'], [clients.named, 'stranger'], [clients.named, undefined], [clients.own, 'client'], [clients.bound, 'self'],
  ])
    await assert.rejects(oidc.clientCredentialsGrant(await discover(id, name), { resource: server.api }), failsWith('invalid_client'));
});

test('openid-client: a person signs in, and the tokens of an app stay with its certificate', async () => {
  const config = await discover(clients.spa, 'self', oidc.None());
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid profile offline_access read:dragons',
    resource: server.api,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  });
  const visitor = new Visitor({ ca: serverCertificate });
  const page = await visitor.get(url.href, atHome);
  const back = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password }, { stop: atHome });
  const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(config, new URL(back.url), checks);
  assert.deepEqual(claimsOf(tokens.access_token).cnf, { 'x5t#S256': thumbprint('self') });
  const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(user.name, ADMIN.name);

  const thief = await discover(clients.spa, 'other', oidc.None());
  await assert.rejects(oidc.refreshTokenGrant(thief, tokens.refresh_token), failsWith('invalid_grant'));
  await assert.rejects(oidc.fetchUserInfo(thief, tokens.access_token, tokens.claims().sub));
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.deepEqual(claimsOf(renewed.access_token).cnf, { 'x5t#S256': thumbprint('self') });
});

test('openid-client: FAPI 2.0 with a certificate for the assertion and for the proof', async () => {
  const home = 'https://bank.test/callback';
  const args = ['--web', '--name', 'Bank', '--redirect', home, '--certificate', 'dns:reports.example.com', '--certificate-bound', '--security-profile', 'fapi2'];
  const { client, client_secret } = await server.command(['client', 'add', ...args, '--api', `${server.api}=read:dragons`]);
  assert.equal(client_secret, null);
  const config = await discover(client.client_id, 'client', oidc.TlsClientAuth(), { id_token_signed_response_alg: 'ES256' });
  const begin = async () => {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
    const parameters = {
      redirect_uri: home,
      scope: 'openid profile offline_access read:dragons',
      resource: server.api,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    };
    return { parameters, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
  };
  const { parameters, checks } = await begin();
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  const visitor = new Visitor({ ca: serverCertificate });
  const stop = (where) => where.startsWith(home);
  const page = await visitor.get(url.href, stop);
  const back = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password }, { stop });
  const tokens = await oidc.authorizationCodeGrant(config, new URL(back.url), checks);
  const cnf = { 'x5t#S256': thumbprint('client') };
  assert.deepEqual(claimsOf(tokens.access_token).cnf, cnf);
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(renewed.refresh_token, undefined, 'it stays what it is');
  assert.deepEqual(claimsOf(renewed.access_token).cnf, cnf);
  assert.equal((await oidc.fetchUserInfo(config, renewed.access_token, tokens.claims().sub)).name, ADMIN.name);

  for (const name of ['other', undefined]) {
    const thief = await discover(client.client_id, name, oidc.TlsClientAuth(), { id_token_signed_response_alg: 'ES256' });
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(thief, parameters), failsWith('invalid_client'));
    await assert.rejects(oidc.refreshTokenGrant(thief, tokens.refresh_token), failsWith('invalid_client'));
    await assert.rejects(oidc.fetchUserInfo(thief, renewed.access_token, tokens.claims().sub));
  }
});

test('the example of the manual', async () => {
  const page = readFileSync(new URL('../../docs/manual/flows/mtls.md', import.meta.url), 'utf8');
  const [, example] = /```js\n(import .*?)```/s.exec(page);
  const env = {
    ...process.env,
    ISSUER: server.issuer,
    CLIENT_ID: clients.bound,
    API: server.api,
    CERT: certificateFile('client.crt'),
    KEY: certificateFile('client.key'),
    CA: serverFiles.cert,
  };
  const { stdout } = await promisify(execFile)('node', ['--input-type=module', '--eval', example], { cwd: import.meta.dirname, env });
  assert.ok(stdout.includes(thumbprint('client')), stdout);
});

/** A proxy that ends TLS, asks for certificates, and overwrites the header with what it was shown. */
async function startProxy(t, port, upstream) {
  const key = readFileSync(serverFiles.key);
  const proxy = createServer(
    { cert: serverCertificate, key, requestCert: true, rejectUnauthorized: false },
    (req, res) => {
      const headers = { ...req.headers };
      delete headers['client-cert'];
      const shown = req.socket.getPeerX509Certificate()?.raw;
      if (shown) headers['client-cert'] = `:${shown.toString('base64')}:`;
      const asked = request(new URL(req.url, upstream()), { method: req.method, headers }, (answer) => {
        res.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(res);
      });
      req.pipe(asked);
    },
  );
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
}

test('oauth4webapi: behind a proxy that hands certificates on', async (t) => {
  const port = await freePort();
  let behind;
  await startProxy(t, port, () => behind.issuer);
  const settings = {
    SYMBOLON_HTTP__TRUSTED_PROXIES: '127.0.0.1',
    SYMBOLON_MTLS__HEADER: 'Client-Cert',
    SYMBOLON_MTLS__URL: `https://localhost:${port}`,
    SYMBOLON_MTLS__CA: certificateFile('authority.crt'),
  };
  behind = await Server.start({ settings });
  t.after(() => behind.stop());
  const registered = await register(behind);

  const issuer = new URL(behind.issuer);
  const found = await oauth.discoveryRequest(issuer, { [oauth.allowInsecureRequests]: true });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  assert.equal(as.mtls_endpoint_aliases.token_endpoint, `https://localhost:${port}/oauth/token`);
  const ask = async (client_id, name) => {
    const client = { client_id, use_mtls_endpoint_aliases: true };
    const parameters = new URLSearchParams({ resource: behind.api });
    const options = { [oauth.customFetch]: fetchWith(name) };
    const answer = await oauth.clientCredentialsGrantRequest(as, client, oauth.TlsClientAuth(), parameters, options);
    return oauth.processClientCredentialsResponse(as, client, answer);
  };
  for (const [id, name] of [[registered.bound, 'client'], [registered.own, 'self']])
    assert.deepEqual(claimsOf((await ask(id, name)).access_token).cnf, { 'x5t#S256': thumbprint(name) });
  for (const [id, name] of [[registered.bound, 'other'], [registered.bound, undefined], [registered.own, 'client']])
    await assert.rejects(ask(id, name), failsWith('invalid_client'));
});
