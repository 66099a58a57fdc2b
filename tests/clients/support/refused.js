/** Access tokens that an API must refuse, for the suites of resource servers: what is wrong with them, by name. */

import { generateKeyPairSync, sign } from 'node:crypto';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const read = (token, at) => JSON.parse(Buffer.from(token.split('.')[at], 'base64url'));

async function machine(server, name, api, ...flags) {
  const { client, client_secret } = await server.command(['client', 'add', '--machine', '--name', name, '--api', `${api}=read:dragons`, ...flags]);
  return async () => {
    const headers = { authorization: `Basic ${btoa(`${client.client_id}:${client_secret}`)}` };
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    const answer = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers, body });
    return (await answer.json()).access_token;
  };
}

/** Each by its fault. The first was good for a second; it is over when this is done. */
export async function refusedTokens(server) {
  const brief = await machine(server, 'Brief', server.api, '--metadata', await server.file('brief.json', { access_token_lifetime_secs: 1 }));
  const expired = await brief();
  const other = 'https://other.example';
  await server.command(['api', 'add', other, '--name', 'Other', '--scope', 'read:dragons']);
  const elsewhere = await machine(server, 'Elsewhere', other);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...read(expired, 1), iat: now, exp: now + 3600 };
  const { kid } = read(expired, 0);
  const signed = (header, body) => {
    const text = `${part({ alg: 'RS256', typ: 'at+jwt', ...header })}.${part(body)}`;
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const tokens = {
    expired,
    other_audience: await elsewhere(),
    foreign_issuer: signed({ kid: 'foreign' }, { ...claims, iss: 'https://foreign.example' }),
    foreign_key: signed({ kid }, claims),
    unsigned: `${part({ alg: 'none' })}.${part(claims)}.`,
  };
  const left = read(expired, 1).exp * 1000 - Date.now();
  if (left > 0) await new Promise((done) => setTimeout(done, left));
  return tokens;
}
