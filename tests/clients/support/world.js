/** What the suites find: a server, clients of every kind, keys, a person. Each reads it from the file named in `SYMBOLON_WORLD`. */

import { generateKeyPairSync } from 'node:crypto';
import { ADMIN } from '../../e2e/support/server.js';
import { refusedTokens } from './refused.js';

/** Nothing listens there: redirects end before it. */
export const HOME = 'http://localhost:9/callback';

export async function register(server, person) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const about = { kid: 'clients', alg: 'ES256', use: 'sig' };
  const jwks = await server.file('clients.jwks.json', { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), ...about }] });
  const api = ['--api', `${server.api}=read:dragons`];
  const add = async (name, ...args) => {
    const { client, client_secret } = await server.command(['client', 'add', '--name', name, ...args, ...api]);
    return { id: client.client_id, ...(client_secret ? { secret: client_secret } : {}) };
  };
  const sites = ['--redirect', HOME];
  const byKey = ['--auth-method', 'private_key_jwt', '--jwks', jwks];
  const old = ['--metadata', await server.file('old.json', { legacy_assertion_audience: true })];
  const old_api = 'https://old-api.example'; // its tokens are called JWT
  await server.command(['api', 'add', old_api, '--name', 'Old', '--scope', 'read:dragons', '--token-type', 'JWT']);
  const refused = refusedTokens(server); // the first of them has to grow old
  const { api_secret } = await server.command(['api', 'secret', 'rotate', server.api]);
  return {
    issuer: server.issuer,
    person,
    redirect_uri: HOME,
    user: { email: ADMIN.email, name: ADMIN.name },
    /** Access tokens that no API of ours may take, by what is wrong with them. */
    refused: await refused,
    /** An API that introspects, by its own credential. */
    api: { id: server.api, secret: api_secret, url: `${server.api}/api/dragons` },
    /** An API older than RFC 9068. */
    old_api,
    key: { jwk: { ...pair.privateKey.export({ format: 'jwk' }), ...about }, pem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) },
    clients: {
      web: await add('Web', '--web', ...sites, '--api', `${old_api}=read:dragons`),
      post: await add('Post', '--web', '--auth-method', 'client_secret_post', ...sites),
      spa: await add('Single page', '--spa', ...sites),
      stranger: await add('Stranger', '--web', '--third-party', ...sites),
      signer: await add('Signer', '--web', ...byKey, ...sites),
      machine: await add('Machine', '--machine'),
      key_machine: await add('Machine with a key', '--machine', ...byKey),
      old_machine: await add('Machine older than RFC 10070', '--machine', ...byKey, ...old),
      old_signer: await add('Signer older than RFC 10070', '--web', ...byKey, ...old, ...sites),
      tv: await add('Television', '--native', '--device', '--third-party'),
    },
  };
}
