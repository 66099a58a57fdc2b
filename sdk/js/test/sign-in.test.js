import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, createAuth } from '../src/symbolon.js';
import { signIn } from './support/signed-in.js';
import { API, APP, ISSUER, OPTIONS, until, World } from './support/world.js';

/** Begins a sign-in and stops before the issuer. */
async function departed(options = {}, login = {}) {
  const world = new World();
  const tab = world.tab();
  const page = tab.load();
  const auth = createAuth({ ...OPTIONS, ...options }, page);
  await auth.start();
  auth.login(login);
  await until(() => page.visits.length > 0);
  return { world, tab, page, auth, request: new URL(page.visits[0]).searchParams };
}

/** Loads the callback, after `forge` has had its hands on it. */
async function answered(forge, login) {
  const { world, tab, page } = await departed({}, login);
  const url = new URL(world.issuer.authorize(page.visits[0], 'ada'));
  forge(url.searchParams, url);
  const next = tab.load(url.href);
  const auth = createAuth(OPTIONS, next);
  await auth.start();
  return { world, auth, page: next };
}

test('a first visit is signed out and goes nowhere', async () => {
  const page = new World().tab().load();
  const auth = createAuth(OPTIONS, page);
  assert.equal(auth.state.status, 'loading');
  const state = await auth.start();
  assert.equal(state.status, 'signed-out');
  assert.equal(state.user, null);
  assert.deepEqual(page.visits, []);
});

test('the authorization request has PKCE S256, state, nonce, resource and the union of scopes', async () => {
  const { request } = await departed({}, { prompt: 'login', loginHint: 'ada@example.test' });
  assert.equal(request.get('response_type'), 'code');
  assert.equal(request.get('client_id'), 'dragons');
  assert.equal(request.get('redirect_uri'), `${APP}/`);
  assert.equal(request.get('scope'), 'openid profile email offline_access read:dragons');
  assert.equal(request.get('code_challenge_method'), 'S256');
  assert.match(request.get('code_challenge'), /^[\w-]{43}$/);
  assert.match(request.get('state'), /^[\w-]{43}$/);
  assert.match(request.get('nonce'), /^[\w-]{43}$/);
  assert.notEqual(request.get('state'), request.get('nonce'));
  assert.deepEqual(request.getAll('resource'), [API]);
  assert.equal(request.get('prompt'), 'login');
  assert.equal(request.get('login_hint'), 'ada@example.test');
});

test('signing in gives the person, scopes and roles, and returns to where it began', async () => {
  const { auth, page } = await signIn();
  assert.equal(auth.state.status, 'signed-in');
  assert.deepEqual(auth.user, { sub: 'ada', roles: ['keeper'], name: 'The ada', email: 'ada@example.test' });
  assert.ok(auth.hasScope('read:dragons') && !auth.hasScope('read') && auth.hasRole('keeper') && !auth.hasRole('admin'));
  assert.equal(page.location.href, `${APP}/dragons?page=2#top`);
  assert.ok(Object.isFrozen(auth.state));
});

test('the code leaves the URL before start() first yields', async () => {
  const { world, tab, page } = await departed();
  const next = tab.load(world.issuer.authorize(page.visits[0], 'ada'));
  createAuth(OPTIONS, next).start();
  assert.equal(next.location.href, `${APP}/`);
});

test('storage never holds a token, and the transaction is used up', async () => {
  const { world, tab } = await signIn();
  const kept = JSON.stringify([world.localStorage, tab.sessionStorage]);
  assert.doesNotMatch(kept, /access|refresh|eyJ|verifier|nonce/);
});

test('start() twice redeems the code once', async () => {
  const { world, tab, page } = await departed();
  const next = tab.load(world.issuer.authorize(page.visits[0], 'ada'));
  const auth = createAuth(OPTIONS, next);
  const [one, two] = await Promise.all([auth.start(), auth.start()]);
  assert.equal(one, two);
  assert.equal(one.status, 'signed-in');
  assert.equal(world.issuer.log.filter(({ url }) => url.endsWith('/oauth/token')).length, 1);
});

test('an old callback URL, as by the back button, is no error: cleaned, not redeemed again, restored silently', async () => {
  const { world, tab, page } = await departed();
  const callback = world.issuer.authorize(page.visits[0], 'ada');
  await createAuth(OPTIONS, tab.load(callback)).start();
  const redeemed = world.issuer.log.filter(({ url }) => url.endsWith('/oauth/token')).length;
  const again = tab.load(callback);
  createAuth(OPTIONS, again).start();
  assert.equal(again.location.href, `${APP}/`);
  await until(() => again.visits.length > 0);
  assert.equal(new URL(again.visits[0]).searchParams.get('prompt'), 'none');
  assert.equal(world.issuer.log.filter(({ url }) => url.endsWith('/oauth/token')).length, redeemed);
  const last = tab.follow();
  const auth = createAuth(OPTIONS, last);
  await auth.start();
  assert.equal(auth.state.status, 'signed-in');
  assert.deepEqual([...again.printed, ...last.printed], []);
});

test('an old callback URL after signing out, or of a refusal, is quietly signed out', async () => {
  for (const user of ['ada', undefined]) {
    const { world, tab, page } = await departed();
    const callback = world.issuer.authorize(page.visits[0], user);
    const home = tab.load(callback);
    const first = createAuth(OPTIONS, home);
    await first.start();
    first.logout();
    await until(() => home.visits.length > 0);
    const again = tab.load(callback);
    const auth = createAuth(OPTIONS, again);
    await auth.start();
    assert.equal(auth.state.status, 'signed-out');
    assert.equal(auth.state.error, null);
    assert.deepEqual(again.visits, []);
    assert.deepEqual(again.printed, []);
  }
});

test('what a person decided is in the state and the events, not on the console', async () => {
  for (const code of ['access_denied', 'login_required', 'interaction_required', 'consent_required']) {
    const { auth, page } = await answered((query) => {
      query.delete('code');
      query.set('error', code);
    });
    assert.equal(auth.state.status, 'signed-out');
    assert.equal(auth.state.error.code, code);
    assert.match(auth.state.error.hint, /login\(\)/);
    assert.deepEqual(page.printed, []);
  }
  const { auth, page } = await answered((query) => {
    query.delete('code');
    query.set('error', 'invalid_scope');
  });
  assert.match(auth.state.error.hint, /log of the server/);
  assert.equal(page.printed.length, 1);
});

test('a reload during the callback restores silently and keeps the place', async () => {
  const { world, tab, page } = await departed({}, { returnTo: '/dragons/7' });
  const interrupted = tab.load(world.issuer.authorize(page.visits[0], 'ada'));
  createAuth(OPTIONS, interrupted).start(); // never finishes: the page goes away
  const reloaded = tab.load(interrupted.location.href);
  assert.equal(reloaded.location.href, `${APP}/dragons/7`);
  createAuth(OPTIONS, reloaded).start();
  await until(() => reloaded.visits.length > 0);
  const last = tab.follow();
  const auth = createAuth(OPTIONS, last);
  await auth.start();
  assert.equal(auth.state.status, 'signed-in');
  assert.equal(last.location.href, `${APP}/dragons/7`);
});

test('a page elsewhere that happens to have ?code&state is left alone', async () => {
  const page = new World().tab().load(`${APP}/pay?code=1&state=2`);
  await createAuth(OPTIONS, page).start();
  assert.equal(page.location.href, `${APP}/pay?code=1&state=2`);
});

const forged = {
  'a foreign state': [(query) => query.set('state', 'x'.repeat(43)), 'unknown_state'],
  'a foreign iss (RFC 9207)': [(query) => query.set('iss', 'https://evil.test'), 'invalid_callback'],
  'an iss with a slash more': [(query) => query.set('iss', `${ISSUER}/`), 'invalid_callback'],
  'no iss': [(query) => query.delete('iss'), 'invalid_callback'],
  'two codes': [(query) => query.append('code', 'other'), 'invalid_callback'],
  'two states': [(query) => query.append('state', 'other'), 'invalid_callback'],
  'another code': [(query) => query.set('code', 'other'), 'invalid_grant'],
  'markup as error': [(query) => query.set('error', '<img src=x onerror=alert(1)>'), 'server'],
  'an error and a code': [(query) => query.set('error', 'access_denied'), 'access_denied'],
};
for (const [name, [forge, code]] of Object.entries(forged)) {
  test(`a callback with ${name} signs nobody in`, async () => {
    const { auth, page } = await answered(forge);
    assert.equal(auth.state.status, 'signed-out');
    assert.equal(auth.state.error.code, code);
    assert.ok(auth.state.error instanceof AuthError && auth.state.error.hint);
    assert.doesNotMatch(page.location.href, /code=|state=|error/);
    assert.doesNotMatch(String(auth.state.error.stack) + page.printed, /alert|code-\d|x{43}/);
  });
}

test("error_description, anybody's to write, is not passed on", async () => {
  const { auth, page } = await answered((query) => {
    query.delete('code');
    query.set('error', 'access_denied');
    query.set('error_description', 'call 555-1234');
  });
  assert.doesNotMatch(JSON.stringify(auth.state.error) + auth.state.error.message + page.printed, /555/);
});

test('returnTo never leaves the origin', async () => {
  const hostile = ['https://evil.test/', '//evil.test/x', '/\\evil.test', 'javascript:alert(1)', 'data:,x', '\t//evil.test', 'https:evil.test'];
  for (const returnTo of hostile) {
    const { page, auth } = await answered(() => {}, { returnTo });
    assert.equal(new URL(page.location.href).origin, APP, returnTo);
    assert.equal(auth.state.status, 'signed-in', returnTo);
  }
});

test('returnTo is checked again when used', async () => {
  const { world, tab, page } = await departed();
  const key = Object.keys(tab.sessionStorage).find((name) => name.includes('tx:'));
  tab.sessionStorage[key] = tab.sessionStorage[key].replace(`${APP}/`, 'https://evil.test/');
  const next = tab.load(world.issuer.authorize(page.visits[0], 'ada'));
  await createAuth(OPTIONS, next).start();
  assert.equal(next.location.href, `${APP}/`);
});

test("another client's or issuer's answer does not meet this client's transaction", async () => {
  const { world, tab, page } = await departed();
  const next = tab.load(world.issuer.authorize(page.visits[0], 'ada'));
  const auth = createAuth({ ...OPTIONS, clientId: 'other' }, next);
  await auth.start();
  assert.equal(auth.state.error.code, 'unknown_state');
});

const idTokens = {
  'of another issuer': { iss: 'https://evil.test' },
  'with a list of issuers': { iss: [ISSUER] },
  'for another client': { aud: 'other' },
  'for many without azp': { aud: ['dragons', 'other'] },
  'with a foreign azp': { azp: 'other' },
  'with an audience that is no string': { aud: ['dragons', 7], azp: 'dragons' },
  'without nonce': { nonce: undefined },
  'with another nonce': { nonce: 'x' },
  'without subject': { sub: undefined },
  'that has expired': { exp: 1 },
  'whose exp is a string': { exp: '9999999999' },
  'from the future': { iat: 1_800_000_999 },
};
for (const [name, claims] of Object.entries(idTokens)) {
  test(`an ID token ${name} signs nobody in`, async () => {
    const { world, tab, page } = await departed();
    world.issuer.idClaims = claims;
    const auth = createAuth(OPTIONS, tab.load(world.issuer.authorize(page.visits[0], 'ada')));
    await auth.start();
    assert.equal(auth.state.status, 'signed-out');
    assert.equal(auth.state.error.code, 'id_token');
    assert.equal(auth.user, null);
  });
}

test('a clock an hour off is no obstacle: the Date header tells', async () => {
  for (const skewSecs of [-3600, 3600]) {
    const { world, tab, page } = await departed();
    world.issuer.skewSecs = skewSecs;
    const auth = createAuth(OPTIONS, tab.load(world.issuer.authorize(page.visits[0], 'ada')));
    await auth.start();
    assert.equal(auth.state.status, 'signed-in', String(skewSecs));
  }
});

test('an issuer that is down is an error, not a redirect loop and not a sign-out', async () => {
  const { world, tab } = await signIn();
  world.issuer.offline = true;
  const page = tab.load();
  const auth = createAuth(OPTIONS, page);
  await auth.start();
  assert.equal(auth.state.status, 'error');
  assert.equal(auth.state.error.code, 'network');
  assert.deepEqual(page.visits, []);
  world.issuer.offline = false;
  const later = tab.load();
  createAuth(OPTIONS, later).start();
  await until(() => later.visits.length > 0);
});

test('login without sessionStorage fails with a code', async () => {
  const page = new World().tab().load();
  Object.defineProperty(page, 'sessionStorage', { get: () => { throw new Error('blocked'); } });
  const auth = createAuth(OPTIONS, page);
  await auth.start();
  await assert.rejects(auth.login(), { code: 'storage_unavailable' });
});

test('dpop that means nothing is refused before one leaves', async () => {
  const page = new World().tab().load();
  const auth = createAuth({ ...OPTIONS, dpop: 'yes' }, page);
  await auth.start();
  await assert.rejects(auth.login(), { code: 'config', message: /dpop must be one of: auto true false/ });
  assert.equal(page.visits.length, 0);
});

test('options that cannot work are refused at once', () => {
  const page = new World().tab().load();
  const wrong = [
    { issuer: 'http://auth.example.test' },
    { issuer: 'auth.example.test' },
    { issuer: `${ISSUER}/?a=b` },
    { clientId: '' },
    { storage: 'cookies' },
    { storage: 'localStorage' },
    { apis: { 'http://api.example.test': {} } },
    { apis: { 'javascript:alert(1)': {} } },
    { apis: { '/api': {} } },
    { tabs: 'alone' },
    { tabs: 'isolated', storage: 'cookie' },
    { redirectURI: '/' },
  ];
  for (const change of wrong)
    assert.throws(() => createAuth({ ...OPTIONS, ...change }, page), { code: 'config' }, JSON.stringify(change));
  for (const [change, message] of [
    [{ clientId: undefined }, 'config: clientId is missing. Check the options of createAuth().'],
    [{ storage: 'indexeddb' }, 'config: storage must be one of: auto cookie memory session local. Check the options of createAuth().'],
    [{ redirectURI: '/' }, /^config: redirectURI must be one of: issuer clientId redirectUri /],
    [{ apis: ['https://api.example.test'] }, /^config: 0 must be https/],
  ])
    assert.throws(() => ((AuthError.home = ''), createAuth({ ...OPTIONS, ...change }, page)), { message, docs: `${ISSUER}/sdk/v1/errors.html#config` });
  createAuth({ ...OPTIONS, issuer: 'http://localhost:4400', storage: 'memory' }, page);
});
