/** Cookie mode without a browser: what is refused before anything is sent, and the server's side of rendering. In a browser: tests/e2e/cookie.test.js. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionOf } from '../src/ssr.js';
import { createAuth } from '../src/symbolon.js';
import { signIn } from './support/signed-in.js';
import { API, FakeIndexedDb, ISSUER, OPTIONS, until, World } from './support/world.js';

const COOKIE = { ...OPTIONS, storage: 'cookie' };

/** Signs in as far as the answer of the token endpoint; gives the page's auth when it is settled. */
async function arrive(options, answer) {
  const world = new World();
  if (answer) world.issuer.issue = answer;
  const tab = world.tab();
  const first = createAuth(options, tab.load());
  await first.start();
  first.login().catch(() => {});
  await until(() => tab.page.visits.length > 0);
  const auth = createAuth(options, tab.follow('ada'));
  await auth.start();
  return { auth, world, page: tab.page };
}

test('one cookie is for one audience, and carries no proof', async () => {
  for (const [options, code] of [
    [{ ...COOKIE, apis: { [API]: {}, 'https://other.example.test': {} } }, 'config'],
    [{ ...COOKIE, dpop: true }, 'dpop_unavailable'],
  ]) {
    const auth = createAuth(options, new World().tab().load());
    await auth.start();
    await assert.rejects(auth.login(), { code }, 'before one leaves');
  }
});

test('a client that is not registered for cookies is told so, and its token goes nowhere', async () => {
  const { auth, world, page } = await arrive(COOKIE);
  assert.deepEqual([auth.state.status, auth.state.error.code], ['signed-out', 'config']);
  const left = JSON.stringify([world.localStorage, page.sessionStorage, page.printed]);
  assert.doesNotMatch(left, /access\d|refresh-\d/);
});

const session = { claims: { client_id: 'dragons', sub: 'u1' }, user: { sub: 'u1', name: 'Ada' }, csrf_token: 'page', expires_in: 60 };

test('a server asks with the one cookie whom it signs in', async () => {
  const asked = [];
  const options = {
    issuer: 'https://auth.example.test/',
    clientId: 'dragons',
    fetch: async (url, { headers }) => (asked.push([url, headers.cookie]), Response.json(session)),
  };
  const cookie = 'theme=dark; __Host-symbolon_access=a.b.c; x__Host-symbolon_access=1; __Host-symbolon-session=secret';
  for (const request of [{ headers: { cookie } }, new Request('https://app.example.test/', { headers: { cookie } })]) {
    const found = await sessionOf(request, options);
    assert.deepEqual([found.user.name, found.csrfToken, found.claims.sub], ['Ada', 'page', 'u1']);
    assert.deepEqual(asked.pop(), ['https://auth.example.test/session', '__Host-symbolon_access=a.b.c']);
  }
  assert.equal(await sessionOf({ headers: { cookie: 'theme=dark' } }, options), null);
  assert.equal(await sessionOf({ headers: {} }, options), null);
  assert.deepEqual(asked, [], 'nobody is asked about nothing');
});

test('nobody, another client, and an issuer that is away', async () => {
  const request = { headers: { cookie: 'symbolon_access-4400=a.b.c' } };
  const with_ = (fetch, clientId = 'dragons') => sessionOf(request, { issuer: 'http://localhost:4400', clientId, fetch });
  assert.equal(await with_(async () => Response.json({}, { status: 401 })), null);
  assert.equal(await with_(async () => Response.json(session), 'other'), null);
  await assert.rejects(with_(async () => Response.json({}, { status: 503 })));
});

const PEOPLE = { ada: { name: 'Ada', email: 'ada@example.test', birthdate: '1815-12-10' }, bob: {} };

/** A world whose issuer gives cookies. `browser` is the sign-in that the browser has, whoever made it; gone if nobody's. */
function cookieWorld() {
  const world = new World();
  const { answer } = world.issuer;
  /** As every token of a session's pages: another for each client. */
  const page = ({ sid, client_id }) => `${sid} ${client_id}`;
  const told = ({ sub, client_id, sid }) => ({
    claims: { iss: ISSUER, sub, client_id, sid, auth_time: 1 },
    expires_in: 600,
    scope: 'openid',
    csrf_token: page({ sid, client_id }),
  });
  world.issuer.issue = (sub, nonce) => {
    world.browser = { sub, client_id: 'dragons', sid: `session ${++world.issuer.serial}` };
    return { ...told(world.browser), id_token_claims: { nonce } };
  };
  world.issuer.answer = (path, body, request) => {
    const { browser } = world;
    if (path === '/session') return browser ? { ...told(browser), user: { sub: browser.sub, ...PEOPLE[browser.sub] } } : { status: 401 };
    if (path !== '/oauth/revoke') return answer.call(world.issuer, path, body, request);
    const client_id = body.get('client_id');
    if (browser && request.headers.get('x-csrf-token') !== page({ ...browser, client_id })) return { status: 403, error: 'invalid_request' };
    if (browser && browser.client_id !== client_id) return { status: 400, error: 'invalid_grant' };
    delete world.browser;
    return { revoked: !!browser, logout_hint: browser && 'hint' };
  };
  return world;
}

/** Ada, signed in at the app. */
const ada = (world = cookieWorld()) => signIn({ world, options: { ...COOKIE, onError: () => {} } });

test('refreshUser after somebody else signed in past the page: nothing of the person before is left', async () => {
  const { world, auth } = await ada();
  assert.deepEqual(auth.user, { sub: 'ada', ...PEOPLE.ada, roles: [] });
  world.browser = { sub: 'bob', client_id: 'dragons', sid: 'of the other tab' };
  const seen = [];
  auth.on('user-changed', ({ user }) => seen.push(user));
  const bob = { sub: 'bob', roles: [] };
  assert.deepEqual(await auth.refreshUser(), bob);
  assert.deepEqual([auth.user, seen], [bob, [bob]]);
  await auth.token({ minTtl: 0 }).catch(() => {});
  assert.deepEqual([auth.state.status, auth.user], ['signed-in', bob]);
});

test('refreshUser: what the person has taken away is gone', async () => {
  const { auth } = await ada();
  const { birthdate, ...left } = PEOPLE.ada;
  PEOPLE.ada = left;
  assert.deepEqual(await auth.refreshUser(), { sub: 'ada', ...left, roles: [] });
  PEOPLE.ada = { ...left, birthdate };
});

test("refreshUser takes up a sign-in when no other tab does anything with the sign-in, and two tabs one, by one name", async () => {
  const world = cookieWorld();
  world.indexedDB = new FakeIndexedDb();
  const tabs = [await ada(world)];
  const page = world.tab().load();
  tabs.push({ auth: createAuth({ ...COOKIE, onError: () => {} }, page) });
  await tabs[1].auth.start();
  const { names } = world.indexedDB;
  names.clear();
  world.browser = { sub: 'bob', client_id: 'dragons', sid: 'of the other tab' };
  let done;
  const other = new Promise((resolve) => (done = resolve));
  page.navigator.locks.request(`symbolon:dragons@${ISSUER}:`, { signal: new AbortController().signal }, () => other);
  const both = Promise.all(tabs.map(({ auth }) => auth.refreshUser()));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.equal(tabs[0].auth.user.sub, 'ada', 'not before it is its turn');
  done();
  assert.deepEqual((await both).map(({ sub }) => sub), ['bob', 'bob']);
  assert.equal(names.size, 1);
  for (const { auth } of tabs) assert.deepEqual([auth.state.status, auth.user.sub], ['signed-in', 'bob']);
});

test("whoever lost the cookie to another app's sign-in signs out here, and ends nothing of the other app's", async () => {
  for (const same of [true, false]) {
    const { world, auth, page } = await ada();
    world.browser = { sub: 'ada', client_id: 'lizards', sid: same ? world.browser.sid : 'another session' };
    const mine = world.browser;
    auth.logout();
    await until(() => page.visits.length > 0);
    const { pathname, searchParams } = new URL(page.visits[0]);
    assert.deepEqual([pathname, searchParams.get('client_id'), searchParams.get('logout_hint')], ['/logout', 'dragons', null], 'the issuer asks');
    assert.deepEqual([auth.state.status, auth.user, world.localStorage.getItem(`symbolon:dragons@${ISSUER}:was`)], ['signed-out', null, null]);
    assert.equal(world.browser, mine);
  }
});

test('a sign-out that is refused while the sign-in is there is none, and one that finds another sign-in of the client ends that', async () => {
  const { world, auth, page } = await ada();
  const { answer } = world.issuer;
  world.issuer.answer = (path, ...rest) => (path === '/oauth/revoke' ? { status: 403, error: 'invalid_request' } : answer(path, ...rest));
  await assert.rejects(auth.logout(), { code: 'logout_failed' });
  assert.deepEqual([auth.state.status, page.visits], ['signed-in', []]);
  world.issuer.answer = answer;
  world.browser = { sub: 'ada', client_id: 'dragons', sid: 'of the other tab' };
  auth.logout();
  await until(() => page.visits.length > 0);
  assert.equal(new URL(page.visits[0]).searchParams.get('logout_hint'), 'hint');
  assert.equal(world.browser, undefined);
});
