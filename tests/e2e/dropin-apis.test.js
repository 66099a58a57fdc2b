/** APIs that were made for Auth0: express-jwt with jwks-rsa, and express-oauth2-jwt-bearer, told another domain and nothing else. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import express from 'express';
import { expressjwt } from 'express-jwt';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import jwksRsa from 'jwks-rsa';
import { ADMIN, Server } from './support/server.js';

const HOUR_MS = 3_600_000;

let server, domain, tokens;
const apis = {};

/** `error` of a library becomes its status. */
const status = (error, request, response, next) => (error ? response.status(error.status ?? 500).json({ error: error.message }) : next());

async function serve(protect) {
  const app = express();
  app.get('/dragons', ...protect, (request, response) => response.json(request.auth.payload ?? request.auth));
  app.use(status);
  const listener = app.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return { url: `http://127.0.0.1:${listener.address().port}/dragons`, close: () => listener.close() };
}

/** A token of the person, as auth0-js gets one with a page of its own. */
async function signIn(client, audience) {
  const body = { client_id: client, grant_type: 'http://auth0.com/oauth/grant-type/password-realm', realm: 'Username-Password-Authentication', username: ADMIN.email, password: ADMIN.password, audience, scope: 'openid read:dragons' };
  const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).access_token;
}

before(async () => {
  server = await Server.start({ front: (origin) => `${origin.replace('127.0.0.1', 'localhost')}/` });
  domain = new URL(server.issuer).host;
  const other = 'https://other.example';
  await server.command(['api', 'add', other, '--name', 'Other', '--scope', 'read:dragons']);
  const flags = ['--redirect', 'http://localhost:9/', '--preset', 'auth0', '--password-sign-in', '--api', `${server.api}=read:dragons`, '--api', `${other}=read:dragons`];
  const { client } = await server.command(['client', 'add', '--spa', '--name', 'App', ...flags]);
  const [good, elsewhere] = await Promise.all([server.api, other].map((audience) => signIn(client.client_id, audience)));
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const kid = JSON.parse(Buffer.from(good.split('.')[0], 'base64url')).kid;
  assert.ok(await exportJWK(publicKey));
  const forged = (iss, id) =>
    new SignJWT({ scope: 'read:dragons' }).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: id }).setIssuer(iss).setAudience(server.api).setSubject('x').setIssuedAt().setExpirationTime('5m').sign(privateKey);
  tokens = {
    good,
    'for another API': elsewhere,
    'by a foreign issuer': await forged('https://foreign.example/', 'foreign'),
    'by a foreign key in our name': await forged(`${server.issuer}/`, kid),
    unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`,
  };
  const issuer = `http://${domain}/`;
  const secret = jwksRsa.expressJwtSecret({ cache: true, rateLimit: true, jwksRequestsPerMinute: 5, jwksUri: `${issuer}.well-known/jwks.json` });
  apis['express-jwt with jwks-rsa'] = await serve([expressjwt({ secret, audience: server.api, issuer, algorithms: ['RS256'] })]);
  const bearer = auth({ issuer, jwksUri: `${issuer}.well-known/jwks.json`, audience: server.api, tokenSigningAlg: 'RS256' });
  apis['express-oauth2-jwt-bearer'] = await serve([bearer, requiredScopes('read:dragons')]);
  apis['express-oauth2-jwt-bearer, by discovery'] = await serve([auth({ issuerBaseURL: issuer, audience: server.api, strict: true }), requiredScopes('read:dragons')]);
});
after(async () => {
  for (const api of Object.values(apis)) api.close();
  await server?.stop();
});

const call = (api, token) => fetch(api.url, { headers: { authorization: `Bearer ${token}` } });

for (const name of ['express-jwt with jwks-rsa', 'express-oauth2-jwt-bearer', 'express-oauth2-jwt-bearer, by discovery']) {
  test(`${name}: a token of ours opens the API, and userinfo with it`, async () => {
    const answer = await call(apis[name], tokens.good);
    assert.equal(answer.status, 200, await answer.clone().text());
    const claims = await answer.json();
    assert.deepEqual([claims.iss, claims.aud], [`${server.issuer}/`, [server.api, `${server.issuer}/userinfo`]]);
    const user = await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.good}` } });
    assert.equal((await user.json()).sub, claims.sub);
  });

  test(`${name}: what is for others, forged or old is refused`, async (t) => {
    for (const [what, token] of Object.entries(tokens).filter(([what]) => what !== 'good')) {
      assert.equal((await call(apis[name], token)).status, 401, what);
    }
    assert.equal((await fetch(apis[name].url)).status, 401, 'without a token');
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR_MS });
    assert.equal((await call(apis[name], tokens.good)).status, 401, 'an hour later');
  });
}
