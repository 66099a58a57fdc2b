/**
 * The SDK in a real Chromium that blocks third-party cookies and popups nobody asked for: app and issuer are two sites.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fillIn, launchWhole, profile } from './support/browser.js';
import { App, becomes, call, loadedParts, renew, settled, signIn, tokenRequests } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

const OFFLINE = 'symbolon: network: Offline, or CORS: is this origin one of the client?';
const TEN_MINUTES_MS = 600_000;

let server, browser, app;

before(async () => {
  const strict = { args: ['--test-third-party-cookie-phaseout'], ignoreDefaultArgs: ['--disable-popup-blocking'] };
  // The app is at localhost: to cookies, another site.
  server = await Server.start({ front: (origin) => origin });
  browser = await launchWhole(strict);
  app = await App.start(server);
});
after(async () => {
  await browser?.close();
  app?.stop();
  await server?.stop();
});

/** A profile in which the pages may call the API. */
async function visitor(t, options) {
  const context = await profile(t, browser, options);
  await app.open(context);
  return context;
}

/** Somebody signed in on a page. */
async function signedIn(t, name, options) {
  const context = await visitor(t, options);
  const page = await app.page(context, name);
  await signIn(page, ADMIN);
  return { context, page };
}

const user = (page) => page.evaluate(() => auth.user?.email ?? null);

test('the browser blocks third-party cookies: one that every frame could have is not sent to the issuer’s site below the app', async (t) => {
  const site = createServer((request, response) => {
    response.setHeader('set-cookie', 'everywhere=1; SameSite=None; Secure; Path=/').setHeader('content-type', 'text/html');
    response.end(`<script>parent.postMessage(${JSON.stringify(request.headers.cookie ?? '')}, '*')</script>`);
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (site.closeAllConnections(), site.close()));
  const framed = async (page, host) =>
    page.evaluate((src) => new Promise((said) => {
      addEventListener('message', ({ data }) => said(data), { once: true });
      document.body.append(Object.assign(document.createElement('iframe'), { src }));
    }), `http://${host}:${site.address().port}/frame`);
  const page = await (await profile(t, browser)).newPage();
  for (const host of ['127.0.0.1', 'localhost']) await page.goto(`http://${host}:${site.address().port}/`);
  await page.goto(`${app.origin}/`);
  assert.equal(await framed(page, '127.0.0.1'), '', 'as the issuer, another site');
  assert.equal(await framed(page, 'localhost'), 'everywhere=1', 'the same site has it');
});

test('app and issuer share no cookies: a frame of the issuer knows nobody', async (t) => {
  const { page } = await signedIn(t, 'auto');
  const error = await page.evaluate(async (issuer) => {
    const frame = document.createElement('iframe');
    const query = { response_type: 'code', client_id: 'sdk', redirect_uri: `${location.origin}/auto`, scope: 'openid', state: 's' };
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    frame.src = `${issuer}/authorize?${new URLSearchParams({ ...query, ...pkce, prompt: 'none', response_mode: 'web_message' })}`;
    const answer = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data.response.error), { once: true }));
    document.body.append(frame);
    return answer;
  }, server.issuer);
  assert.equal(error, 'login_required');
});

for (const [name, part] of Object.entries({ auto: 'dpop', memory: 'dpop', session: 'store', local: 'store' }))
  test(`${name}: a first visit loads the core alone; what signing in takes comes when somebody does, and the rest never`, async (t) => {
    const context = await visitor(t);
    const loaded = loadedParts(context);
    const page = await app.page(context, name);
    assert.deepEqual(loaded(), ['symbolon']);
    await signIn(page, ADMIN);
    assert.equal(await call(page, server), 200);
    await renew(page);
    assert.deepEqual(loaded(), [part, 'sign-in', 'symbolon'].sort());
  });

for (const name of ['auto', 'memory', 'session', 'local'])
  test(`${name}: a reload and a call to the API, without a prompt`, async (t) => {
    const { context, page } = await signedIn(t, name);
    assert.equal(page.url(), `${app.origin}/${name}`, 'no code is left in the address');
    assert.equal(await call(page, server), 200);
    const visited = [];
    page.on('request', (request) => request.isNavigationRequest() && visited.push(new URL(request.url()).origin));
    await page.reload();
    await becomes(page, 'signed-in');
    assert.equal(await user(page), ADMIN.email);
    assert.equal(await call(page, server), 200);
    const throughIssuer = visited.includes(server.issuer);
    assert.equal(throughIssuer, name === 'memory', visited.join());
    const kept = JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.equal(/sym_rt_|eyJ/.test(kept), name === 'session' || name === 'local', kept);
    assert.equal((await context.cookies(app.origin)).length, 0);
  });

test('auto: ten tabs that renew at once send one request, and all stay signed in', async (t) => {
  const { context, page } = await signedIn(t, 'auto');
  const tabs = [page];
  while (tabs.length < 10) tabs.push(await app.page(context, 'auto'));
  const requests = tokenRequests(context);
  assert.deepEqual(await Promise.all(tabs.map(renew)), tabs.map(() => 'renewed'));
  assert.deepEqual(requests, ['refresh_token']);
  const tokens = await Promise.all(tabs.map((tab) => tab.evaluate(() => auth.token())));
  assert.equal(new Set(tokens).size, 1);
  for (const tab of tabs) {
    assert.equal(await call(tab, server), 200);
    const endings = (await tab.evaluate(() => seen)).filter((what) => ['expired', 'other-tab', 'logout', 'renew-failed'].includes(what));
    assert.deepEqual(endings, [], 'nobody was signed out');
  }
});

test('auto: five rounds of renewals by five tabs fork no family', async (t) => {
  const { context, page } = await signedIn(t, 'auto');
  const tabs = [page];
  while (tabs.length < 5) tabs.push(await app.page(context, 'auto'));
  const requests = tokenRequests(context);
  for (let round = 1; round <= 5; round++) {
    await Promise.all(tabs.map(renew));
    assert.equal(requests.length, round);
  }
  for (const tab of tabs) assert.equal(await call(tab, server), 200);
});

test('memory: the refresh token is the worker’s alone', async (t) => {
  const { context, page } = await signedIn(t, 'spied');
  const requests = tokenRequests(context);
  assert.equal(await renew(page), 'renewed');
  assert.equal(requests.length, 1);
  assert.doesNotMatch(JSON.stringify(await page.evaluate(() => bodies)), /grant_type/, 'the page sends no token request');
});

test('auto: where the browser keeps no database, it is memory, whose key nothing can wait in', async (t) => {
  const context = await visitor(t);
  const page = await app.page(context, 'blocked');
  const question = page.waitForRequest((request) => request.url().startsWith(`${server.issuer}/authorize`));
  await signIn(page, ADMIN);
  assert.equal(new URL((await question).url()).searchParams.has('dpop_jkt'), false);
  assert.equal(await call(page, server), 200);
  assert.equal(await renew(page), 'renewed');
  const again = page.waitForRequest((request) => request.url().startsWith(`${server.issuer}/authorize`));
  await page.reload();
  assert.equal(new URL((await again).url()).searchParams.get('prompt'), 'none');
  await becomes(page, 'signed-in');
});

test('memory: where a policy forbids workers, the page does it itself', async (t) => {
  const context = await visitor(t, { tolerate: /Content Security Policy/ });
  const page = await app.page(context, 'workless');
  await signIn(page, ADMIN);
  assert.equal(await renew(page), 'renewed');
  assert.equal(await call(page, server), 200);
});

test('offline is not signed out, and back online it goes on', async (t) => {
  const { context, page } = await signedIn(t, 'auto', { onConsole: [OFFLINE] });
  await context.setOffline(true);
  assert.equal(await renew(page), 'renewed', 'the old token still serves');
  await context.setOffline(false);
  await page.route(`${server.issuer}/oauth/token`, (route) => route.abort());
  await page.reload();
  await becomes(page, 'error');
  await page.unroute(`${server.issuer}/oauth/token`);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await becomes(page, 'signed-in');
  assert.equal(await call(page, server), 200);
});

test('a refresh token that has ended signs out every tab, quietly', async (t) => {
  const bob = await server.addUser('bob@example.test', 'Bob', 'a long walk in the rain');
  const context = await visitor(t);
  const page = await app.page(context, 'auto');
  await signIn(page, bob);
  const second = await app.page(context, 'auto');
  await becomes(second, 'signed-in');
  await server.command(['user', 'sign-out', bob.email, '--yes']);
  assert.equal(await renew(page), 'login_required');
  for (const tab of [page, second]) await becomes(tab, 'signed-out');
  assert.ok((await page.evaluate(() => seen)).includes('expired'));
  await page.reload();
  await settled(page);
  assert.deepEqual(await page.evaluate(() => [auth.state.status, auth.state.error]), ['signed-out', null]);
});

test('a refresh token that nobody used for too long: renewal asks to sign in, and a page that is opened again goes by the issuer', async (t) => {
  await server.command(['client', 'set', 'sdk', '--refresh-idle', '1s']);
  t.after(() => server.command(['client', 'set', 'sdk', '--refresh-idle', '0s']));
  const { context, page } = await signedIn(t, 'auto');
  const outlived = () => page.waitForFunction((until) => Date.now() > until, Date.now() + 2_500);
  await outlived();
  const visited = [];
  context.on('request', (request) => request.isNavigationRequest() && request.url().startsWith(`${server.issuer}/authorize`) && visited.push(new URL(request.url()).searchParams.get('prompt')));
  const again = await app.page(context, 'auto');
  assert.deepEqual(visited, ['none'], 'once, and without a prompt');
  assert.deepEqual(await again.evaluate(() => [auth.user.email, auth.state.error]), [ADMIN.email, null]);
  await outlived();
  assert.equal(await renew(page), 'login_required');
  assert.ok((await page.evaluate(() => seen)).includes('expired'));
  await context.clearCookies();
  const last = await app.page(context, 'auto');
  assert.deepEqual(await last.evaluate(() => [auth.state.status, auth.state.error]), ['signed-out', null]);
});

test('the back button after the callback stays signed in', async (t) => {
  const { page } = await signedIn(t, 'auto');
  const rounds = [];
  for (const go of ['goBack', 'goForward']) {
    await page[go]();
    if (new URL(page.url()).origin !== app.origin) continue; // the sign-in page itself
    await becomes(page, 'signed-in');
    assert.equal(page.url(), `${app.origin}/auto`, go);
    rounds.push(go);
  }
  assert.ok(rounds.includes('goForward'), 'one of them led to where the answer came in');
});

test('an app that mounts twice redeems its code once', async (t) => {
  const context = await visitor(t);
  const page = await app.page(context, 'twice');
  const requests = tokenRequests(context);
  await signIn(page, ADMIN);
  assert.equal(await page.evaluate(() => other.state.status), 'signed-in');
  assert.deepEqual(requests, ['authorization_code']);
});

test('a popup signs in and leaves the page where it is; one that nobody asked for is blocked', async (t) => {
  const context = await visitor(t, { onConsole: ['symbolon: popup_blocked: Call loginPopup() from a click.'] });
  const eager = await app.page(context, 'eager');
  await eager.waitForFunction(() => seen.includes('popup_blocked'));
  const page = await app.page(context, 'auto');
  const sent = page.waitForEvent('popup');
  await page.click('#popup');
  const popup = await sent;
  await fillIn(popup, ADMIN.email, ADMIN.password);
  await becomes(page, 'signed-in');
  assert.equal(await call(page, server), 200);
  if (!popup.isClosed()) await popup.waitForEvent('close');

  await page.evaluate(() => (seen.length = 0));
  const again = page.waitForEvent('popup');
  await context.clearCookies();
  await page.click('#popup');
  await (await again).locator('input[name=password]').waitFor();
  await (await again).close();
  await page.waitForFunction(() => seen.includes('popup_closed'));
  assert.equal(await page.evaluate(() => auth.state.status), 'signed-in', 'who was signed in still is');
  assert.equal(await renew(page), 'renewed');
});

for (const skew of [TEN_MINUTES_MS, -TEN_MINUTES_MS])
  test(`a clock that is off by ${skew / 1000} s is no obstacle`, async (t) => {
    const context = await visitor(t);
    await context.addInitScript((ms) => {
      const now = Date.now;
      Date.now = () => now() + ms;
    }, skew);
    const page = await app.page(context, 'auto');
    await signIn(page, ADMIN);
    assert.equal(await call(page, server), 200);
    assert.equal(await renew(page), 'renewed');
    await page.reload();
    await becomes(page, 'signed-in');
    assert.equal(await call(page, server), 200);
  });

test('a sign-in and a sign-out in one tab are seen in the others, with nothing left behind', async (t) => {
  const context = await visitor(t);
  const [page, second] = [await app.page(context, 'auto'), await app.page(context, 'auto')];
  await signIn(page, ADMIN);
  await becomes(second, 'signed-in');
  for (const tab of [page, second]) assert.deepEqual((await tab.evaluate(() => seen)).filter((what) => what === 'signed-in'), ['signed-in']);
  assert.equal(await call(second, server), 200);
  await second.evaluate(() => void auth.logout({ returnTo: '/' }));
  await becomes(page, 'signed-out');
  assert.ok((await page.evaluate(() => seen)).includes('other-tab'));
  await second.waitForURL(`${app.origin}/`);
  assert.deepEqual(await page.evaluate(readDatabase), []);
  await page.reload();
  await settled(page);
  assert.equal(await user(page), null);
});

/** What the SDK keeps in IndexedDB. */
const readDatabase = () =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('symbolon', 1);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const all = opening.result.transaction('kept').objectStore('kept').getAll();
      all.onsuccess = () => resolve(all.result);
    };
  });

test('isolated tabs know nothing of each other', async (t) => {
  const { context, page } = await signedIn(t, 'isolated');
  const second = await app.page(context, 'isolated');
  assert.equal(await user(second), null);
  await page.reload();
  await becomes(page, 'signed-in');
  await page.evaluate(() => void auth.logout({ returnTo: '/' }));
  await page.waitForURL(`${app.origin}/`);
});

/** A tab that the page opens, with a copy of its sessionStorage. */
async function copied(page, name) {
  const [tab] = await Promise.all([page.waitForEvent('popup'), page.evaluate((path) => void window.open(path, '_blank'), `/${name}`)]);
  await becomes(tab, 'signed-in');
  return tab;
}

for (const name of ['session', 'isolated'])
  test(`${name}: a tab that another opened has a sign-in of its own, and neither spoils the other's`, async (t) => {
    const { context, page } = await signedIn(t, name);
    const grants = tokenRequests(context);
    const tab = await copied(page, name);
    assert.deepEqual(grants, ['authorization_code'], 'by a redirect, and not by what was copied');
    for (const one of [tab, page, tab, page]) assert.equal(await renew(one), 'renewed');
    // A reload is no copy, nor is the way back.
    grants.length = 0;
    for (const one of [tab, page, tab, page]) {
      await one.reload();
      await becomes(one, 'signed-in');
      await one.goto(`${app.origin}/`);
      await one.goBack();
      await becomes(one, 'signed-in');
    }
    assert.ok(!grants.includes('authorization_code'));
    for (const one of [tab, page]) assert.deepEqual([await renew(one), await user(one)], ['renewed', ADMIN.email]);
  });

test('isolated: somebody else signs in at a tab that another opened, and the first never becomes them', async (t) => {
  const bertha = await server.addUser('bertha@example.test', 'Bertha', 'a very different password');
  const { page } = await signedIn(t, 'isolated');
  const tab = await copied(page, 'isolated');
  await tab.evaluate(() => void auth.login({ prompt: 'login' }));
  await fillIn(tab, bertha.email, bertha.password);
  await tab.waitForFunction(() => window.auth?.user?.name === 'Bertha');
  assert.equal(await user(page), ADMIN.email);
  // The session of the browser at the issuer is another's now: the first person's sign-in has ended with theirs.
  assert.deepEqual([await renew(page), await user(page)], ['login_required', null]);
  assert.deepEqual([await renew(tab), await user(tab)], ['renewed', bertha.email], 'and that ended nothing else');
});

test('signing out everywhere ends the other devices, too', async (t) => {
  const { page: laptop } = await signedIn(t, 'auto');
  const { page: phone } = await signedIn(t, 'auto');
  await laptop.evaluate(() => void auth.logout({ returnTo: '/', everywhere: true }));
  await laptop.waitForURL(`${app.origin}/`);
  assert.equal(await renew(phone), 'login_required');
  await phone.reload();
  await settled(phone);
  assert.equal(await user(phone), null);
});

test('tokens are bound to a key, and a server that wants nonces gets them', async (t) => {
  await server.command(['client', 'set', 'sdk', '--dpop', 'required-with-nonce']);
  const context = await visitor(t);
  const seen = tokenRequests(context);
  const page = await app.page(context, 'auto');
  await signIn(page, ADMIN);
  assert.deepEqual(seen, ['authorization_code', 'authorization_code'], 'once without a nonce, once with');
  assert.equal(await renew(page), 'renewed');
  assert.equal(seen.length, 3, 'and from then on with it');
  assert.equal(await call(page, server), 200);
  await page.evaluate(() => auth.refreshUser());
  await server.command(['client', 'set', 'sdk', '--dpop', 'optional']);
});
