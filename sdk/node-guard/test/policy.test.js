/** What a token must be, and what it may not (RFC 9068 §4, RFC 8725). */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, reasonOf, TestIssuer, wholeFile } from './support/issuer.js';
import { START } from './support/clock.js';

const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

const guardWith = (options = {}) =>
  createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', ...options }, issuer.clock);
const verdict = async (claims, header, options) => reasonOf(guardWith(options).verify(await issuer.token(claims, header)));

test('a good token brings its claims', async () => {
  const caller = await guardWith().verify(await issuer.token({ tenant: { id: 't1' }, sub: 'ada' }));
  assert.equal(caller.sub, 'ada');
  assert.deepEqual(caller.claims.tenant, { id: 't1' });
  assert.ok(caller.hasScope('read:dragons') && caller.hasScope('tame:dragons') && caller.hasRole('admin'));
});

test('scopes and roles match whole words only', async () => {
  const caller = await guardWith().verify(await issuer.token({ scope: 'read:dragons-all xread:dragons', roles: ['admins'] }));
  for (const scope of ['read:dragons', '', ' ', 'read:dragons-all xread:dragons']) assert.ok(!caller.hasScope(scope), scope);
  assert.ok(!caller.hasRole('admin'));
  const bare = await guardWith().verify(await issuer.token({ scope: undefined, roles: undefined }));
  assert.ok(!bare.hasScope('') && !bare.hasScope('undefined') && !bare.hasRole('undefined'));
});

test('no claim hides a question, and nobody can change an answer', async () => {
  const claims = { hasScope: 'x', hasRole: 'y', claims: 'z', ['__proto__']: { sub: 'evil' }, nested: { list: [1] } };
  const caller = await guardWith().verify(await issuer.token(claims));
  assert.ok(!caller.hasScope('x') && caller.hasScope('read:dragons') && caller.claims.sub === 'u1');
  assert.equal(caller.sub, 'u1');
  assert.throws(() => { caller.sub = 'eve'; }, TypeError);
  assert.throws(() => { caller.nested.list.push(2); }, TypeError);
  assert.throws(() => { caller.roles.push('root'); }, TypeError);
  assert.equal(JSON.parse(JSON.stringify(caller)).sub, 'u1');
});

test('issuer and audience are compared exactly', async () => {
  for (const iss of [`${issuer.url}/`, issuer.url.toUpperCase(), [issuer.url], 'https://evil.example'])
    assert.match(await verdict({ iss }), /^(other_issuer|claim_invalid)$/, String(iss));
  for (const aud of [`${AUDIENCE}/`, [], ['https://other.example'], 'https://api.example.com.evil.example'])
    assert.equal(await verdict({ aud }), 'other_audience', String(aud));
  assert.equal(await verdict({ aud: ['https://other.example', AUDIENCE] }), 'accepted');
  assert.equal(await verdict({ aud: [AUDIENCE, 7] }), 'claim_invalid');
});

test('issuer, audience, expiry and subject must be there', async () => {
  for (const name of ['iss', 'aud', 'exp', 'sub']) assert.equal(await verdict({ [name]: undefined }), 'claim_missing', name);
});

test('expiry holds to the second, with the leeway', async () => {
  assert.equal(await verdict({ exp: START - 29 }), 'accepted');
  assert.equal(await verdict({ exp: START - 30 }), 'expired');
  assert.equal(await verdict({ exp: START - 1 }, {}, { leeway: 1 }), 'expired');
  assert.equal(await verdict({ exp: START }, {}, { leeway: 0 }), 'expired');
  assert.equal(await verdict({ exp: START + 1 }, {}, { leeway: 0 }), 'accepted');
});

test('what begins in the future does not count yet', async () => {
  for (const name of ['nbf', 'iat']) {
    assert.equal(await verdict({ [name]: START + 30 }), 'accepted', name);
    assert.equal(await verdict({ [name]: START + 31 }), 'not_yet_valid', name);
  }
});

test('a claim of the wrong type is an error and not absent', async () => {
  const wrong = [
    { scope: ['a'] }, { scope: null }, { roles: 'admin' }, { roles: [1] }, { iat: '1' }, { iat: -1 }, { exp: '9999999999' },
    { exp: 1e300 }, { nbf: null }, { auth_time: 'x' }, { jti: 7 }, { sid: {} }, { rh: null }, { client_id: null }, { sub: 7 },
  ];
  for (const claims of wrong) assert.equal(await verdict(claims), 'claim_invalid', JSON.stringify(claims));
});

test('only access tokens are access tokens', async () => {
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) assert.equal(await verdict({}, { typ }), 'accepted', typ);
  for (const typ of ['JWT', undefined, 'logout+jwt', 'application/a/at+jwt', 'at+jwt ', 7])
    assert.equal(await verdict({}, { typ }), 'other_type', String(typ));
  const plain = { acceptPlainJwt: true };
  for (const typ of ['JWT', undefined, 'at+jwt', 'application/jwt']) assert.equal(await verdict({}, { typ }, plain), 'accepted');
  for (const typ of ['logout+jwt', 'dpop+jwt', 7]) assert.equal(await verdict({}, { typ }, plain), 'other_type');
  // The ID token of a client that is called what the API is called.
  for (const name of ['at_hash', 'c_hash', 's_hash'])
    for (const [typ, wanted] of [['JWT', 'other_type'], [undefined, 'other_type'], ['at+jwt', 'accepted']])
      assert.equal(await verdict({ [name]: 'x' }, { typ }, plain), wanted, name);
  assert.equal(await verdict({ nonce: 'x', scope: undefined }, { typ: 'JWT' }, plain), 'other_type');
  // Keycloak before 25 writes it into access tokens, too.
  for (const more of [{ scope: 'email' }, { scope: undefined, scp: ['email'] }, { scope: undefined, typ: 'Bearer' }])
    assert.equal(await verdict({ nonce: 'x', ...more }, { typ: 'JWT' }, plain), 'accepted', JSON.stringify(more));
});

test('a token bound to a key is refused as a plain one', async () => {
  for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null, 'x'])
    assert.equal(await verdict({ cnf }), 'sender_constrained', JSON.stringify(cnf));
});

test('alg none, shared secrets and other algorithms are refused', async () => {
  const guard = guardWith();
  const unsecured = new UnsecuredJWT(issuer.claims()).encode();
  assert.equal(await reasonOf(guard.verify(unsecured)), 'malformed_token');
  const { x } = issuer.signing.jwk;
  const hmac = await new SignJWT(issuer.claims()).setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })
    .sign(Buffer.from(x + x));
  assert.equal(await reasonOf(guard.verify(hmac)), 'unknown_key');
  assert.equal(await reasonOf(guardWith({ algorithms: ['RS256', 'ES256'] }).verify(await issuer.token())), 'accepted');
});

test('a key serves its own algorithm: the token does not choose', async () => {
  const rsa = await issuer.addKey('rsa', 'RS256');
  const nameless = await issuer.addKey('rsa-nameless', 'RS256', { jwk: { alg: undefined } });
  for (const key of [rsa, nameless]) {
    assert.equal(await verdict({}, { key }), 'accepted');
    assert.equal(await verdict({}, { key: { ...key, privateKey: (await issuer.addKey('x', 'PS256', { publish: false })).privateKey, alg: 'PS256' } }), 'unknown_key');
  }
  assert.equal(await verdict({}, { key: rsa }, { algorithms: ['ES256'] }), 'unknown_key');
});

test('the signature counts, and what it covers', async () => {
  const stranger = await issuer.addKey('k1', 'ES256', { publish: false });
  assert.equal(await verdict({}, { key: stranger }), 'bad_signature');
  const [header, payload, signature] = (await issuer.token()).split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), sub: 'root' };
  const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  const guard = guardWith();
  assert.equal(await reasonOf(guard.verify(forged)), 'bad_signature');
  const expired = await issuer.token({ exp: START - 1000 }, { key: stranger });
  assert.equal(await reasonOf(guard.verify(expired)), 'bad_signature', 'expired and forged is forged');
});

test('what is no compact token of three parts is refused', async () => {
  const guard = guardWith();
  const [header, payload, signature] = (await issuer.token()).split('.');
  const texts = [
    '', '.', '..', 'a', 'a.b', 'a.b.c.d', 'a.b.c.d.e', `${header}.${payload}.`, `${header}=.${payload}.${signature}`,
    `${header}.${payload}.${signature}\n`, ` ${header}.${payload}.${signature}`, `${header}.${payload}.${signature}=`,
    `{"payload":"${payload}","protected":"${header}","signature":"${signature}"}`, `e30.${payload}.${signature}`,
    `${'a'.repeat(17_000)}.b.c`, undefined, null, 7, {},
  ];
  for (const text of texts) assert.equal(await reasonOf(guard.verify(text)), 'malformed_token', String(text));
});

test('unknown crit, b64 and a key in the header change nothing', async () => {
  const jwk = (await issuer.addKey('own', 'ES256', { publish: false })).jwk;
  const own = await issuer.addKey('k1', 'ES256', { publish: false });
  assert.equal(await verdict({}, { key: own, jwk: own.jwk }), 'bad_signature');
  assert.equal(await verdict({}, { jwk, jku: 'https://evil.example/jwks' }), 'accepted');
  const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt', b64: true, crit: ['b64'] };
  const signed = await new SignJWT(issuer.claims()).setProtectedHeader(header).sign(issuer.signing.privateKey);
  assert.equal(await reasonOf(guardWith().verify(signed)), 'malformed_token');
  for (const kid of [7, null, {}]) assert.equal(await verdict({}, { kid }), 'malformed_token');
});

test('errors hold nothing of the token', async () => {
  const token = await issuer.token({ sub: 'secret-subject', exp: START - 1000 });
  const error = await guardWith().verify(token).catch((one) => one);
  const told = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join();
  for (const secret of ['secret-subject', token, token.slice(-20)]) assert.ok(!told.includes(secret));
});

test('an option that is missing, misspelt or makes no sense is refused when the guard is made', () => {
  const good = { issuer: 'https://auth.example.com', audience: AUDIENCE };
  assert.ok(createGuard(good));
  const bad = [
    {}, { issuer: good.issuer }, { ...good, audience: '' }, { ...good, issuer: 'http://auth.example.com' },
    { ...good, issuer: 'https://auth.example.com/?x' }, { ...good, issuer: 'https://u:p@auth.example.com' },
    { ...good, issuer: 'ftp://localhost' }, { ...good, issuer: 'http://localhost.evil.example' },
    { ...good, leway: 1 }, { ...good, leeway: 301 }, { ...good, leeway: '30' }, { ...good, algorithms: ['HS256'] },
    { ...good, algorithms: ['none'] }, { ...good, algorithms: 'RS256' }, { ...good, cookie: 'a b' },
    { ...good, cookieOrigins: ['https://a.example'] }, { ...good, cookie: 'a', cookieOrigins: ['https://a.example/'] },
    { ...good, revocation: 'on' }, { ...good, whenStale: 'introspect' }, { ...good, jwksUrl: 'http://10.0.0.1/' },
    { ...good, credentials: { id: 'a' } }, { ...good, onReject: true },
  ];
  for (const options of bad)
    assert.throws(() => createGuard(options), (error) => error.name === 'ConfigError' && error.code === 'config', JSON.stringify(options));
});
