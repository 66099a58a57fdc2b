/** A published reader of Token Status Lists, against an API that asks for them. */

import { getListFromStatusListJWT, getStatusListFromJWT } from '@sd-jwt/jwt-status-list';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Server } from './support/server.js';

const api = 'https://listed.example';
let server;
let machine;

before(async () => {
  server = await Server.start();
  await server.command(['api', 'add', api, '--name', 'Listed', '--scope', 'read=Read', '--status-list']);
  const args = ['client', 'add', '--machine', '--name', 'Machine', '--api', `${api}=read`];
  const { client, client_secret } = await server.command(args);
  const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
  machine = await oidc.discovery(
    new URL(server.issuer),
    client.client_id,
    {},
    oidc.ClientSecretBasic(client_secret),
    insecure,
  );
});
after(() => server?.stop());

test('a revoked token is invalid in its list, and its neighbour is not', async () => {
  const grant = () => oidc.clientCredentialsGrant(machine, { resource: api });
  const [revoked, neighbour] = [await grant(), await grant()];
  await oidc.tokenRevocation(machine, revoked.access_token);

  const keys = createRemoteJWKSet(new URL(machine.serverMetadata().jwks_uri));
  const status = async ({ access_token: token }) => {
    const { idx, uri } = getStatusListFromJWT(token);
    const answer = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } });
    assert.equal(answer.headers.get('content-type'), 'application/statuslist+jwt');
    const list = await answer.text();
    const { payload } = await jwtVerify(list, keys, { subject: uri, typ: 'statuslist+jwt' });
    assert.equal(payload.ttl, 15);
    return getListFromStatusListJWT(list).getStatus(idx);
  };
  assert.equal(await status(revoked), 1);
  assert.equal(await status(neighbour), 0);
});
