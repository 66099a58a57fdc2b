/** Tabs that share a sign-in, several APIs, stronger sign-ins, and the ways to begin and end one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, createAuth } from '../src/symbolon.js';
import { signIn } from './support/signed-in.js';
import { API, APP, ISSUER, OPTIONS, until, World } from './support/world.js';

const tokenRequests = (world) => world.issuer.log.filter(({ url }) => url.endsWith('/oauth/token')).length;
const local = { storage: 'local' };

/** Another tab of the same profile, started. */
async function another({ world }, options) {
  const auth = createAuth({ ...OPTIONS, ...options }, world.tab().load());
  await auth.start();
  return auth;
}

test('tabs that renew at once send one request, and have the same token', async () => {
  const first = await signIn({ options: local });
  const tabs = [first.auth];
  while (tabs.length < 10) tabs.push(await another(first, local));
  assert.equal(tokenRequests(first.world), 1, 'a token that is kept is restored without a request');
  const tokens = await Promise.all(tabs.map((auth) => auth.token({ minTtl: 9999 })));
  assert.equal(tokenRequests(first.world), 2);
  assert.equal(new Set(tokens).size, 1);
  for (const auth of tabs) assert.equal(auth.state.status, 'signed-in');
});

test('a tab whose turn never comes is offline, not signed out', async () => {
  const { world, auth } = await signIn({ options: { ...local, onError: () => {} } });
  world.locks.request = () => Promise.reject(new DOMException('late', 'TimeoutError'));
  world.now += 700_000;
  await assert.rejects(auth.token(), { code: 'network' });
  assert.equal(auth.state.status, 'signed-in');
});

test('a sign-in, a change of the person and a sign-out are seen in the other tabs', async () => {
  const world = new World();
  const watching = createAuth({ ...OPTIONS, ...local }, world.tab().load());
  await watching.start();
  await signIn({ world, options: local });
  await until(() => watching.user?.sub === 'ada');
  const seen = [];
  watching.on('user-changed', ({ user }) => seen.push(user.sub));
  const { auth } = await signIn({ world, options: local, user: 'bob' });
  await until(() => watching.user?.sub === 'bob');
  assert.deepEqual(seen, ['bob']);
  auth.logout();
  await until(() => watching.state.status === 'signed-out');
  assert.doesNotMatch(JSON.stringify(world.localStorage), /access|refresh/);
});

test('a sign-out while another tab renews stays one', async () => {
  const first = await signIn({ options: local });
  const second = await another(first, local);
  const pending = second.token({ minTtl: 9999 });
  first.auth.logout();
  await assert.rejects(pending, { code: 'login_required' });
  assert.doesNotMatch(JSON.stringify(first.world.localStorage), /access|refresh/);
});

test('Web Storage is warned of, once', async () => {
  for (const storage of ['session', 'local']) {
    const { page, auth } = await signIn({ options: { storage } });
    await auth.token({ minTtl: 9999 });
    assert.equal(page.warned.length, 1);
    assert.match(page.warned[0], new RegExp(`'${storage}'`));
  }
});

test('session: a reload needs no request, another tab asks the issuer', async () => {
  const options = { storage: 'session' };
  const { world, tab } = await signIn({ options });
  const auth = createAuth({ ...OPTIONS, ...options }, tab.load());
  await auth.start();
  assert.equal(auth.user.sub, 'ada');
  assert.equal(tokenRequests(world), 1);
  const other = world.tab().load();
  createAuth({ ...OPTIONS, ...options }, other).start();
  await until(() => other.visits.length > 0);
});

test('isolated tabs share neither a sign-in nor a sign-out', async () => {
  const options = { ...local, tabs: 'isolated' };
  const first = await signIn({ options });
  const second = await another(first, options);
  assert.equal(second.state.status, 'signed-out');
  second.logout();
  await new Promise(setImmediate);
  assert.equal(first.auth.state.status, 'signed-in');
});

/** A copy of the tab, which has found out that it is one, and asks the issuer for a sign-in of its own. */
async function copied({ tab }, options, user) {
  const copy = tab.copy();
  createAuth({ ...OPTIONS, ...options }, copy.load()).start();
  await until(() => copy.page.visits.length > 0);
  assert.equal(new URL(copy.page.visits[0]).searchParams.get('prompt'), 'none');
  const auth = createAuth({ ...OPTIONS, ...options }, copy.follow());
  await auth.start();
  assert.equal(auth.user.sub, user);
  return { auth, tab: copy };
}

test('session: a tab that was copied does not use the refresh token that came with it', async () => {
  const options = { storage: 'session' };
  const first = await signIn({ options });
  const second = await copied(first, options, 'ada');
  for (const { auth } of [second, first, second, first]) await auth.token({ minTtl: 9999 });
  const again = createAuth({ ...OPTIONS, ...options }, second.tab.load());
  await again.start();
  assert.equal(again.user.sub, 'ada', 'a reload is no copy');
  assert.equal(again.state.status, 'signed-in');
  assert.equal(first.world.issuer.refresh.size, 2, 'each has its own');
});

for (const storage of ['local', 'session'])
  test(`isolated, ${storage}: a tab that was copied has a sign-in of its own`, async () => {
    const options = { storage, tabs: 'isolated' };
    const first = await signIn({ options });
    first.world.issuer.session = 'bob';
    const second = await copied(first, options, 'bob');
    await second.auth.token({ minTtl: 9999 });
    await first.auth.token({ minTtl: 9999 });
    assert.deepEqual([first.auth.user.sub, second.auth.user.sub], ['ada', 'bob']);
    second.auth.logout();
    await until(() => second.tab.page.visits.length > 0);
    assert.equal(first.auth.state.status, 'signed-in');
    // Both in one page, as where a module is loaded anew: no copy.
    const twin = createAuth({ ...OPTIONS, ...options }, first.page);
    await twin.start();
    assert.equal(twin.user.sub, 'ada');
  });

for (const options of [{ storage: 'session' }, { ...local, tabs: 'isolated' }])
  test(`${options.storage}: every client of a tab that was copied notices it`, async () => {
    const others = { ...options, clientId: 'lizards' };
    const { world, tab } = await signIn({ options });
    world.issuer.idClaims = { aud: 'lizards' };
    await signIn({ world, tab, options: others });
    const start = (page) => [options, others].map((each) => createAuth({ ...OPTIONS, ...each }, page)).map((auth) => [auth, auth.start()]);
    for (const [auth, started] of start(tab.load())) assert.equal((await started, auth.user.sub), 'ada');
    const asked = tokenRequests(world);
    const copy = tab.copy();
    start(copy.load());
    await until(() => copy.page.visits.length === 2);
    assert.deepEqual(copy.page.visits.map((url) => new URL(url).searchParams.get('client_id')).sort(), ['dragons', 'lizards']);
    assert.equal(tokenRequests(world), asked, 'what was copied is not used');
    assert.doesNotMatch(JSON.stringify(copy.sessionStorage), /refresh-/);
    // One that comes later, when the others have found out.
    const late = tab.copy();
    const [first, second] = [options, others].map((each) => createAuth({ ...OPTIONS, ...each }, late.page ?? late.load()));
    first.start();
    await until(() => late.page.visits.length === 1);
    second.start();
    await until(() => late.page.visits.length === 2);
  });

test('session: one page that signs in twice at once is no copy of itself', async () => {
  const options = { storage: 'session' };
  const { world, tab } = await signIn({ options });
  const page = tab.load();
  const twins = [{ scope: 'openid profile' }, {}].map((more) => createAuth({ ...OPTIONS, ...options, ...more }, page));
  for (const auth of twins) auth.start();
  await until(() => twins.every(({ state }) => state.status !== 'loading') || page.visits.length > 0);
  assert.deepEqual(twins.map(({ user }) => user?.sub), ['ada', 'ada']);
  assert.deepEqual([page.visits, tokenRequests(world)], [[], 1]);
});

test('session: a page into which the SDK was loaded twice is no copy of itself', async () => {
  const page = new World().tab().load();
  for (const name of ['saved', 'name']) page.sessionStorage.setItem(`p:${name}`, 'as before');
  const parts = await Promise.all(['', '?twin'].map((query) => import(`../src/storage/tab.js${query}`)));
  assert.notEqual(parts[0].own, parts[1].own);
  let done;
  Promise.all(parts.map(({ own }) => own({ env: page, prefix: 'p:', tokens: {} }))).then(() => (done = true));
  await until(() => done);
  assert.equal(page.sessionStorage['p:saved'], 'as before');
});

test('session: a page that is made ready ahead waits until it is shown before it looks whether it is a copy', async () => {
  const options = { storage: 'session' };
  const { tab } = await signIn({ options });
  const page = tab.load();
  const { locks } = page.navigator;
  const asked = [];
  page.navigator.locks = { request: (name, ...more) => (asked.push(name), locks.request(name, ...more)) };
  page.document.prerendering = true;
  const auth = createAuth({ ...OPTIONS, ...options }, page);
  const started = auth.start();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.deepEqual(asked, []);
  page.document.prerendering = false;
  page.document.dispatchEvent(new Event('prerenderingchange'));
  await started;
  assert.equal(auth.user.sub, 'ada');
  assert.equal(asked.length, 1);
});

test('isolated: without Web Locks a copy is what it was', async () => {
  const options = { storage: 'session', tabs: 'isolated' };
  const { tab } = await signIn({ options });
  const page = tab.copy().load();
  page.navigator.locks = undefined;
  const auth = createAuth({ ...OPTIONS, ...options }, page);
  await auth.start();
  assert.equal(auth.user.sub, 'ada');
});

test('each audience has a token of its own, and its scopes are known once it is there', async () => {
  const other = 'https://b.example.test';
  const { world, auth } = await signIn({ options: { apis: { [API]: { scope: 'read:dragons' }, [other]: { scope: 'read:files' } } } });
  await auth.fetch(`${API}/x`);
  await auth.fetch(`${other}/x`);
  await auth.fetch(`${other}/y`);
  const [one, two, three] = world.issuer.log.filter(({ url }) => !url.startsWith(ISSUER)).map(({ authorization }) => authorization);
  assert.match(one, new RegExp(`${API}$`));
  assert.match(two, new RegExp(`${other}$`));
  assert.equal(two, three);
  assert.equal(tokenRequests(world), 2);
});

/** An API that wants more than a good token, until the sign-in is of level `strong`. */
const picky = (world, challenge) => {
  world.issuer.api = () =>
    new Response('', { status: 401, headers: { 'www-authenticate': `Bearer error="insufficient_user_authentication", ${challenge}` } });
};

test('an API that asks for a stronger sign-in gets it', async () => {
  const { world, auth, page } = await signIn();
  picky(world, 'acr_values="strong fair", max_age="300"');
  auth.fetch(`${API}/pay`);
  await until(() => page.visits.length > 0);
  const query = new URL(page.visits[0]).searchParams;
  assert.deepEqual([query.get('acr_values'), query.get('max_age'), query.get('prompt')], ['strong fair', '300', null]);
});

test('stepUp: manual gives the answer, and a sign-in that is what was asked for is not asked again', async () => {
  const world = new World();
  world.issuer.idClaims = { acr: 'strong', auth_time: world.now / 1000 };
  const { auth, page } = await signIn({ world });
  picky(world, 'acr_values="stronger"');
  assert.equal((await auth.fetch(`${API}/pay`, { stepUp: 'manual' })).status, 401);
  for (const met of ['acr_values="strong", max_age="300"', 'max_age="0"', 'acr_values="strong"']) {
    picky(world, met);
    assert.equal((await auth.fetch(`${API}/pay`)).status, 401, met);
  }
  assert.deepEqual(page.visits, []);
});

test('a stronger sign-in that is declined, or a forged answer, leaves the person signed in', async () => {
  for (const [user, forge] of [[undefined, (url) => url], ['ada', () => `${APP}/?code=x&state=${'y'.repeat(43)}&iss=${ISSUER}`]]) {
    const seen = [];
    const options = { ...local, onError: ({ code }) => seen.push(code) };
    const { world, tab, auth, page } = await signIn({ options });
    auth.stepUp({ maxAge: 0 });
    await until(() => page.visits.length > 0);
    world.issuer.session = user ?? null;
    const back = createAuth({ ...OPTIONS, ...options }, tab.load(forge(world.issuer.authorize(page.visits[0]))));
    await back.start();
    assert.equal(back.user?.sub, 'ada');
    assert.deepEqual(seen, [user ? 'unknown_state' : 'access_denied']);
    assert.doesNotMatch(tab.page.location.href, /code=|error=/);
  }
});

test('login says what it is told', async () => {
  const page = new World().tab().load();
  const auth = createAuth(OPTIONS, page);
  await auth.start();
  auth.login({ connection: 'google', acr: 'strong', maxAge: 0, locale: 'de en', prompt: 'consent', signup: true });
  await until(() => page.visits.length > 0);
  const query = new URL(page.visits[0]).searchParams;
  const said = ['connection', 'acr_values', 'max_age', 'ui_locales', 'prompt'].map((name) => query.get(name));
  assert.deepEqual(said, ['google', 'strong', '0', 'de en', 'consent'], 'this issuer makes no accounts by prompt=create');
});

test('signup leads to where accounts are made, where there is such a place', async () => {
  const world = new World();
  const real = world.issuer.answer;
  world.issuer.answer = function (path, ...rest) {
    const said = real.call(this, path, ...rest);
    return path.startsWith('/.well-known/') ? { ...said, prompt_values_supported: ['none', 'create'] } : said;
  };
  for (const [options, prompt] of [[{ signup: true }, 'create'], [{ signup: true, prompt: 'login' }, 'create'], [{}, null]]) {
    const page = world.tab().load();
    const auth = createAuth(OPTIONS, page);
    await auth.start();
    auth.login(options);
    await until(() => page.visits.length > 0);
    assert.equal(new URL(page.visits[0]).searchParams.get('prompt'), prompt);
  }
});

test('a popup that is blocked is an error at once', async () => {
  const page = new World().tab().load();
  page.open = () => null;
  const auth = createAuth({ ...OPTIONS, onError: () => {} }, page);
  await auth.start();
  await assert.rejects(auth.loginPopup(), { code: 'popup_blocked' });
  assert.equal(auth.state.status, 'signed-out');
});

test('a popup for an issuer that answers none is an error: no window where that is known, and none that stays', async () => {
  const page = new World().tab().load();
  const opened = [];
  page.open = () => opened[opened.push({ closed: false, close() { this.closed = true; } }) - 1];
  const auth = createAuth({ ...OPTIONS, onError: () => {} }, page);
  await auth.start();
  for (const _ of [1, 2]) await assert.rejects(auth.loginPopup(), { code: 'popup_unsupported', hint: 'Call login().' });
  assert.deepEqual(opened.map(({ closed }) => closed), [true]);
});

test('refreshUser shows what has changed', async () => {
  const { world, auth } = await signIn();
  const real = world.issuer.answer;
  world.issuer.answer = function (path, ...rest) {
    return path === '/userinfo' ? { sub: 'ada', name: 'Countess' } : real.call(this, path, ...rest);
  };
  const seen = [];
  auth.on('user-changed', ({ user }) => seen.push(user.name));
  assert.equal((await auth.refreshUser()).name, 'Countess');
  assert.deepEqual(seen, ['Countess']);
});

test('refreshUser shows whoever has signed in meanwhile, and nothing of who was asked about', async () => {
  const { world, auth, page } = await signIn({ options: local });
  const { fetch } = page;
  let answer;
  page.fetch = async (...asked) => {
    const said = await fetch(...asked);
    await new Promise((resolve) => (answer = resolve));
    return said;
  };
  const pending = auth.refreshUser();
  await until(() => answer);
  page.fetch = fetch;
  await signIn({ world, options: local, user: 'bob' });
  await until(() => auth.user.sub === 'bob');
  answer();
  assert.equal((await pending).name, 'The bob');
  assert.equal(auth.user.sub, 'bob');
});

test('logout everywhere says so to the issuer', async () => {
  const { auth, page } = await signIn();
  auth.logout({ everywhere: true });
  await until(() => page.visits.length > 0);
  assert.equal(new URL(page.visits[0]).searchParams.get('everywhere'), 'true');
});

test('dpop: true is refused where there are no proofs, before one leaves', async () => {
  const page = new World().tab().load();
  const auth = createAuth({ ...OPTIONS, dpop: true }, page);
  await auth.start();
  await assert.rejects(auth.login(), { code: 'dpop_unavailable' });
  assert.deepEqual(page.visits, []);
});

test('an issuer that is back after start() restores by itself', async () => {
  const first = await signIn({ options: local });
  first.world.now += 700_000;
  first.world.issuer.offline = true;
  const page = first.tab.load();
  const auth = createAuth({ ...OPTIONS, ...local, onError: () => {} }, page);
  await auth.start();
  assert.equal(auth.state.status, 'error');
  first.world.issuer.offline = false;
  first.tab.advance(2);
  await until(() => auth.state.status === 'signed-in');
});

test('errors tell where more is said', () => {
  createAuth(OPTIONS, new World().tab().load());
  assert.equal(new AuthError('network').docs, `${ISSUER}/sdk/v1/errors.html#network`);
  // Without an issuer there is no such place, least of all another client's.
  for (const issuer of [undefined, 'http://auth.example.test'])
    assert.throws(() => createAuth({ ...OPTIONS, issuer }, new World().tab().load()), { code: 'config', docs: '' });
});
