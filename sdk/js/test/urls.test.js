import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../src/symbolon.js';
import { matchApi, parseApis, sameOrigin } from '../src/urls.js';
import { jwt } from './support/world.js';

const apis = parseApis({
  'https://api.example.com': {},
  'https://b.example.com/v1': { audience: 'v1' },
  'https://b.example.com/v1/admin/': { audience: 'admin' },
  'http://localhost:4402': {},
});

const matches = [
  ['https://api.example.com', 'https://api.example.com'],
  ['https://api.example.com/anything?x#y', 'https://api.example.com'],
  ['https://API.example.com:443/', 'https://api.example.com'],
  ['https://b.example.com/v1', 'v1'],
  ['https://b.example.com/v1?x=1', 'v1'],
  ['https://b.example.com/v1/dragons', 'v1'],
  ['https://b.example.com/v1/a%2Fb', 'v1'],
  ['https://b.example.com/v1/admin', 'admin'],
  ['https://b.example.com/v1/admin/x', 'admin'],
  ['https://b.example.com/v1/administrator', 'v1'],
  ['http://localhost:4402/api/dragons', 'http://localhost:4402'],
];
for (const [url, audience] of matches)
  test(`${url} is ${audience}`, () => assert.equal(matchApi(apis, url)?.audience, audience));

const hostile = [
  'https://api.example.com.evil.test/',
  'https://api.example.com@evil.test/',
  'https://api.example.com:444/',
  'http://api.example.com/',
  'https://evil.test/https://api.example.com/',
  'https://evil.test/?https://api.example.com',
  'https://evilapi.example.com/',
  'https://api.example.com%2eevil.test/',
  'https:\\\\evil.test\\api.example.com',
  'blob:https://api.example.com/0d1f-uuid',
  'filesystem:https://api.example.com/temporary/x',
  'wss://api.example.com/',
  'data:text/plain,https://api.example.com/',
  'https://b.example.com/',
  'https://b.example.com/v10',
  'https://b.example.com/v1.evil',
  'https://b.example.com/v1%2fdragons',
  'https://b.example.com//v1/dragons',
  'https://b.example.com/V1/dragons',
  'https://b.example.com/v1/../v2',
  'https://b.example.com/v1/%2e%2e/v2',
  'https://b.example.com/v1/..%2fv2',
  'https://b.example.com/v1/%2e%2e%2fv2',
  'https://b.example.com/v1/x%2f..%5c..%2fv2',
  'https://b.example.com/v1/%2E%2E%5Cv2',
  'http://localhost:4403/',
  'http://localhost.evil.test:4402/',
  'http://127.0.0.1:4402/',
  'not a url',
  '/x',
  '//api.example.com/x',
  '',
];
for (const url of hostile) test(`no token for ${url || 'nothing'}`, () => assert.equal(matchApi(apis, url), undefined));

test('sameOrigin gives absolute URLs of this origin only', () => {
  const check = (target) => sameOrigin(target, 'https://app.test/a', 'https://app.test/home');
  assert.equal(check('/x?y#z'), 'https://app.test/x?y#z');
  assert.equal(check('x'), 'https://app.test/x');
  assert.equal(check('/.//evil.test'), 'https://app.test//evil.test'); // absolute, so still this origin
  for (const bad of ['//evil.test', 'https://app.test.evil.test', 'http://app.test/', 'https://app.test:1/', 'blob:https://app.test/1', 'javascript:1', 'http://['])
    assert.equal(check(bad), 'https://app.test/home', bad);
});

test('decode reads UTF-8 claims and refuses the rest without quoting it', () => {
  assert.equal(decode(jwt({ name: 'Ångström 🐉' })).claims.name, 'Ångström 🐉');
  for (const bad of ['', 'secretsecret', 'a.b', 'a.secret.c', jwt([]), jwt('x'), jwt(null), undefined])
    assert.throws(() => decode(bad), (error) => error.code === 'id_token' && !/secret/.test(error.stack.split('\n')[0]));
});
