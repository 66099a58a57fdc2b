import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuth } from '../src/symbolon.js';
import { signIn } from './support/signed-in.js';
import { API, APP, ISSUER, OPTIONS, until, World } from './support/world.js';

const tokenRequests = (world) => world.issuer.log.filter(({ url }) => url.endsWith('/oauth/token')).length;
const apiCalls = (world) => world.issuer.log.filter(({ url }) => !url.startsWith(ISSUER));
const events = (auth) => {
  const seen = [];
  for (const name of ['signed-in', 'signed-out', 'renewed', 'renew-failed', 'user-changed', 'error'])
    auth.on(name, (detail) => seen.push([name, detail]));
  return seen;
};

/** Loads a page of a tab and lets start() go to the issuer and back. */
async function restore(tab, href) {
  const page = tab.load(href);
  createAuth(OPTIONS, page).start();
  await until(() => page.visits.length > 0);
  const url = new URL(page.visits[0]);
  const next = tab.follow();
  const auth = createAuth(OPTIONS, next);
  await auth.start();
  return { url, auth, page: next };
}

test('a reload signs in again without a prompt and stays where it was', async () => {
  const { tab } = await signIn();
  const { url, auth, page } = await restore(tab, `${APP}/orders#4`);
  assert.equal(url.searchParams.get('prompt'), 'none');
  assert.equal(auth.user.sub, 'ada');
  assert.equal(page.location.href, `${APP}/orders#4`);
});

test('a second tab signs in without a prompt, with a family of its own', async () => {
  const { world } = await signIn();
  const { auth } = await restore(world.tab());
  assert.equal(auth.user.sub, 'ada');
  assert.equal(world.issuer.refresh.size, 2);
});

test('a session that has ended is signed out after one silent try, and not tried again', async () => {
  const { world, tab } = await signIn();
  world.issuer.session = null;
  const { auth } = await restore(tab);
  assert.equal(auth.state.status, 'signed-out');
  assert.equal(auth.state.error, null);
  const page = tab.load();
  await createAuth(OPTIONS, page).start();
  assert.deepEqual(page.visits, []);
});

test('a redirect loop is broken', async () => {
  const { tab } = await signIn();
  for (let load = 0; load < 3; load++) {
    const page = tab.load();
    createAuth(OPTIONS, page).start();
    await until(() => page.visits.length > 0);
  }
  const page = tab.load();
  const auth = createAuth(OPTIONS, page);
  await auth.start();
  assert.equal(auth.state.error.code, 'restore_loop');
  assert.deepEqual(page.visits, []);
  tab.world.now += 61_000; // a person who comes back later is not a loop
  createAuth(OPTIONS, tab.load()).start();
  await until(() => tab.page.visits.length > 0);
});

test('no restore where sessionStorage cannot count the tries', async () => {
  const { tab } = await signIn();
  const page = tab.load();
  Object.defineProperty(page, 'sessionStorage', { get: () => { throw new Error('blocked'); } });
  const auth = createAuth(OPTIONS, page);
  await auth.start();
  assert.deepEqual(page.visits, []);
});

test('renewal comes before expiry, rotates the refresh token and asks once however many want it', async () => {
  const { world, tab, auth } = await signIn();
  const seen = events(auth);
  const [old] = world.issuer.refresh.keys();
  const before = tokenRequests(world);
  tab.advance(520);
  assert.equal(tokenRequests(world), before, 'not a minute too early');
  tab.advance(25);
  await Promise.all(Array.from({ length: 10 }, () => auth.token({ minTtl: 300 })));
  await until(() => seen.length > 0);
  assert.equal(tokenRequests(world), before + 1);
  assert.ok(!world.issuer.refresh.has(old));
  assert.deepEqual(seen.map(([name]) => name), ['renewed']);
  assert.equal(auth.state.expiresAt, world.now + 600_000);
});

test('after sleep, showing the tab renews', async () => {
  const { world, page, auth } = await signIn();
  const before = tokenRequests(world);
  world.now += 3_600_000;
  page.dispatchEvent(new Event('visibilitychange'));
  await until(() => auth.state.expiresAt > world.now);
  assert.equal(tokenRequests(world), before + 1);
});

test('offline is not signed out: it retries, reports, and goes on when the network is back', async () => {
  const { world, tab, page, auth } = await signIn({ options: { onError: () => {} } });
  const seen = events(auth);
  world.issuer.offline = true;
  const failed = (count) => until(() => seen.filter(([name]) => name === 'error').length === count);
  tab.advance(545);
  await failed(1);
  for (const [count, secs] of [[2, 1], [3, 3], [4, 9]]) {
    await until(() => page.timers.some(({ at }) => at <= world.now + secs * 1000));
    tab.advance(secs);
    await failed(count);
  }
  await until(() => seen.some(([name]) => name === 'renew-failed'));
  assert.equal(auth.state.status, 'signed-in');
  assert.ok(await auth.token(), 'the old token still serves');
  world.issuer.offline = false;
  page.dispatchEvent(new Event('online'));
  await until(() => seen.some(([name]) => name === 'renewed'));
});

test('an expired token and no network is an error of the network', async () => {
  const { world, auth } = await signIn({ options: { onError: () => {} } });
  world.now += 700_000;
  world.issuer.offline = true;
  await assert.rejects(auth.token(), { code: 'network' });
  await assert.rejects(auth.fetch(`${API}/x`), { code: 'network' });
  assert.equal(auth.state.status, 'signed-in');
});

test('a refused refresh token signs out, once', async () => {
  const { world, auth } = await signIn();
  const seen = events(auth);
  world.issuer.refresh.clear();
  world.now += 700_000;
  const results = await Promise.allSettled([auth.token(), auth.token(), auth.token({ api: `${API}/x` })]);
  for (const { reason } of results) assert.equal(reason.code, 'login_required');
  assert.equal(auth.state.status, 'signed-out');
  assert.deepEqual(seen, [['signed-out', { reason: 'expired' }]]);
});

test("a renewal that answers for another person signs out", async () => {
  const { world, auth } = await signIn({ options: { onError: () => {} } });
  world.issuer.idClaims = { sub: 'mallory' };
  await assert.rejects(auth.token({ minTtl: 9999 }), { code: 'login_required' });
  assert.equal(auth.user, null);
});

test('a token of fewer scopes is one of its own, asked for one request at a time', async () => {
  const { world, auth } = await signIn();
  const [all, less] = await Promise.all([auth.token({ api: API, minTtl: 9999 }), auth.token({ scope: 'openid' })]);
  assert.notEqual(all, less);
  assert.equal(await auth.token({ scope: 'openid' }), less, 'and kept');
  assert.equal(auth.state.status, 'signed-in', 'neither used up the other’s refresh token');
  assert.ok(auth.hasScope('read:dragons'));
  assert.equal(world.issuer.refresh.size, 1);
  await assert.rejects(auth.token({ api: 'https://c.example.test' }), { code: 'config' });
});

test('two base URLs of one audience share its token', async () => {
  const twin = 'https://b.example.test/v1';
  const { world, auth } = await signIn({ options: { apis: { ...OPTIONS.apis, [twin]: { audience: API } } } });
  await auth.fetch(`${API}/x`);
  await auth.fetch(`${twin}/x`);
  const [one, two] = apiCalls(world).map(({ authorization }) => authorization);
  assert.ok(one && one === two);
});

test('fetch: the token goes to the API, and nowhere else', async () => {
  const { world, auth } = await signIn();
  await auth.fetch(`${API}/api/dragons`);
  await auth.fetch(new Request(`${API}/api/dragons`, { method: 'POST', body: '{}' }));
  await auth.fetch('https://api.example.test.evil.test/api/dragons');
  await auth.fetch('https://other.example.test/');
  await auth.fetch(`${API}/x`, { headers: { Authorization: 'Basic mine' } });
  const sent = apiCalls(world).map(({ authorization }) => authorization);
  assert.match(sent[0], /^Bearer access/);
  assert.match(sent[1], /^Bearer access/);
  assert.deepEqual(sent.slice(2), [null, null, 'Basic mine']);
});

test('fetch: a 401 renews once and tries once more, body and all', async () => {
  const { world, auth } = await signIn();
  const bodies = [];
  const first = await auth.token();
  world.issuer.api = async (request) => {
    bodies.push(await request.text());
    return new Response('', { status: request.headers.get('authorization') === `Bearer ${first}` ? 401 : 200 });
  };
  const responses = await Promise.all([1, 2].map((n) => auth.fetch(`${API}/x`, { method: 'POST', body: `b${n}` })));
  assert.deepEqual(responses.map(({ status }) => status), [200, 200]);
  assert.deepEqual(bodies.sort(), ['b1', 'b1', 'b2', 'b2']);
  assert.equal(tokenRequests(world), 2);
});

test('fetch: an API that keeps refusing gets two requests, no more', async () => {
  const { world, auth } = await signIn();
  world.issuer.api = () => new Response('', { status: 401 });
  const response = await auth.fetch(`${API}/x`);
  assert.equal(response.status, 401);
  assert.equal(apiCalls(world).length, 2);
  assert.equal(auth.state.status, 'signed-in');
});

test('fetch: a 403 is the answer, not a reason to renew', async () => {
  const { world, auth } = await signIn();
  world.issuer.api = () => new Response('', { status: 403 });
  assert.equal((await auth.fetch(`${API}/x`)).status, 403);
  assert.equal(tokenRequests(world), 1);
});

test('fetch: signed out it is plain fetch', async () => {
  const world = new World();
  const auth = createAuth(OPTIONS, world.tab().load());
  await auth.start();
  await auth.fetch(`${API}/x`);
  assert.deepEqual(apiCalls(world).map(({ authorization }) => authorization), [null]);
  await assert.rejects(auth.token(), { code: 'login_required' });
});

test('logout revokes, forgets, leaves with hint and client, and tells the other tabs', async () => {
  const { world, page, auth } = await signIn();
  const second = await restore(world.tab());
  const seen = events(second.auth);
  auth.logout({ returnTo: '/bye' });
  await until(() => page.visits.length > 0);
  const url = new URL(page.visits[0]);
  assert.equal(url.origin + url.pathname, `${ISSUER}/logout`);
  assert.equal(url.searchParams.get('client_id'), 'dragons');
  assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${APP}/bye`);
  assert.equal(url.searchParams.get('id_token_hint').split('.').length, 3);
  assert.equal(auth.state.status, 'signed-out');
  assert.equal(world.issuer.refresh.size, 1, 'its own family is revoked');
  assert.deepEqual(seen, [['signed-out', { reason: 'other-tab' }]]);
  assert.equal(second.auth.user, null);
  await assert.rejects(second.auth.token(), { code: 'login_required' });
  assert.doesNotMatch(JSON.stringify(world.localStorage), /was/);
});

test('logout: a listener that calls login() does not get in the way', async () => {
  const { page, auth } = await signIn();
  auth.on('signed-out', () => auth.login());
  auth.logout();
  await until(() => page.visits.length > 0);
  assert.equal(page.visits.length, 1);
  assert.match(page.visits[0], /\/logout\?/);
});

test('logout while offline: signed out here, and says it could not reach the issuer', async () => {
  const { world, auth, tab } = await signIn({ options: { onError: () => {} } });
  const fresh = createAuth(OPTIONS, tab.load(`${APP}/other?x`));
  world.issuer.offline = true;
  await assert.rejects(fresh.logout(), { code: 'network' });
  assert.equal(auth.user, null, 'the other page was told');
});

test('an answer that arrives after signing out changes nothing', async () => {
  const { page, auth } = await signIn();
  const pending = auth.token({ minTtl: 9999 });
  auth.logout();
  await assert.rejects(pending, { code: 'login_required' });
  await until(() => page.visits.length > 0);
  assert.equal(auth.state.status, 'signed-out');
});

test('subscribe calls at once and on change; listeners cannot hurt each other; off is off', async () => {
  const { auth, page } = await signIn();
  const seen = [];
  auth.subscribe(({ user }) => user.name); // throws once nobody is signed in
  const off = auth.subscribe((state) => seen.push(state.status));
  auth.logout();
  await until(() => page.visits.length > 0);
  assert.deepEqual(seen, ['signed-in', 'signed-out']);
  assert.equal(page.uncaught.length, 1);
  off();
  auth.login();
  assert.equal(seen.length, 2);
});

test('no token in errors, events or on the console', async () => {
  const { world, auth, page } = await signIn();
  const seen = events(auth);
  world.issuer.answer = () => ({ status: 400, error: 'server_error', error_description: 'access1.ada refresh-2' });
  await assert.rejects(auth.token({ minTtl: 9999 }));
  world.issuer.answer = () => ({ access_token: 'access9.secret' });
  const error = await auth.token({ minTtl: 9999 }).catch((thrown) => thrown);
  const told = JSON.stringify([seen, page.printed, error.message, error.stack, error.cause ?? '']);
  assert.ok(page.printed.length > 0 && seen.length > 1);
  assert.doesNotMatch(told, /access\d|refresh-\d|eyJ/);
});

test('the console hears of each code once', async () => {
  const { world, auth, page } = await signIn();
  world.issuer.offline = true;
  world.now += 700_000;
  for (let turn = 0; turn < 3; turn++) await assert.rejects(auth.token());
  assert.equal(page.printed.length, 1);
});
