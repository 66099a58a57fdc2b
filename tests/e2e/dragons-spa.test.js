/** examples/dragons-spa with examples/dragons-api-express, each started as its README says, in a real Chromium. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launchWhole, pictures, profile } from './support/browser.js';
import { quietPort, Sample } from './support/sample.js';
import { ADMIN, Server } from './support/server.js';

/** Where it is unless it is told otherwise, which is what `serve --dev` is made for. */
const USUAL = 'http://localhost:4200';

let server, api, spa, app, browser, user, registered;
/** The API with express-jwt, and the same build of the app with it. */
let plainApi, plainSpa, plainApp;

before(async () => {
  const [spaPort, apiPort, plainSpaPort, plainApiPort] = await Promise.all([quietPort(), quietPort(), quietPort(), quietPort()]);
  app = `http://localhost:${spaPort}`;
  plainApp = `http://localhost:${plainSpaPort}`;
  server = await Server.start();
  registered = (await server.command(['client', 'show', 'dragons-spa'])).client;
  const issuer = { ISSUER: server.issuer, AUDIENCE: server.api };
  const places = [app, plainApp].flatMap((origin) => ['--add-redirect', `${origin}/callback`, '--add-post-logout', `${origin}/`, '--add-origin', origin]);
  [api, plainApi, spa, browser, user] = await Promise.all([
    Sample.start('dragons-api-express', { ...issuer, ORIGIN: app, PORT: `${apiPort}` }),
    Sample.start('dragons-api-express', { ...issuer, ORIGIN: plainApp, PORT: `${plainApiPort}` }, 'start:express-jwt'),
    Sample.start('dragons-spa', { ...issuer, API: `http://localhost:${apiPort}`, PORT: `${spaPort}` }),
    launchWhole(),
    server.addUser('bob@example.test', 'Bob Scrooge', 'a long walk in the rain'),
    server.command(['client', 'set', 'dragons-spa', ...places]),
  ]);
  // What the first one has built.
  plainSpa = await Sample.start('dragons-spa', { ...issuer, API: plainApi.origin, DPOP: 'off', PORT: `${plainSpaPort}` }, 'serve');
});
after(() => Promise.all([browser?.close(), ...[spa, api, plainSpa, plainApi, server].map((one) => one?.stop())]));

/** From any page of the app through the sign-in page and back. */
async function signIn(page, { email, password }) {
  await page.click('#sign-in');
  await fillIn(page, email, password);
  await page.locator('#sign-out').waitFor();
}

/** What the API says to who asks it by themselves, with a token of their own. */
async function orders({ email, password }) {
  const body = JSON.stringify({ username: email, password });
  const answer = await fetch(`${server.issuer}/authenticate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { token } = await answer.json();
  return (await fetch(`${api.origin}/api/orders`, { headers: { authorization: `Bearer ${token}` } })).status;
}

const looked = async (page, name) => {
  await accessible(page, name);
  await pictures(page, `spa-${name}`);
};

test('home, sign in, dragons, profile, sign out', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(app);
  await page.getByText('Sign in first').waitFor();
  await looked(page, 'signed-out');
  await signIn(page, ADMIN);
  assert.equal(page.url(), `${app}/`, 'neither /callback nor a code is left in the address');
  assert.equal(await page.innerText('#who'), ADMIN.name);
  await page.getByText('Shenlong').waitFor();
  await looked(page, 'home');
  await page.click('nav >> text=Profile');
  await page.locator('#claims dd').first().waitFor();
  const claims = await page.innerText('#claims');
  for (const claim of [ADMIN.name, ADMIN.email, 'admin']) assert.match(claims, new RegExp(claim));
  assert.match(await page.title(), /^Profile/);
  await looked(page, 'profile');
  const other = await page.context().newPage();
  await other.goto(`${app}/profile`);
  await other.locator('#claims dd').first().waitFor();
  const back = page.waitForRequest((request) => request.redirectedFrom()?.url().startsWith(`${server.issuer}/logout`));
  await page.click('#sign-out');
  await (await back).response();
  for (const tab of [page, other]) {
    await tab.waitForURL(`${app}/`);
    await tab.getByText('Sign in first').waitFor();
  }
  await page.click('#sign-in');
  await page.locator('input[name=password]').waitFor();
});

test('beside serve --dev it needs no settings: both take each other for what they are', async () => {
  const config = JSON.parse(await readFile(join(import.meta.dirname, '../../examples/dragons-spa/public/config.json'), 'utf8'));
  assert.deepEqual(config, { issuer: 'http://localhost:4400', clientId: registered.client_id, api: 'http://localhost:4402', audience: 'http://localhost:4402' });
  const script = await readFile(join(import.meta.dirname, '../../examples/dragons-spa/serve.js'), 'utf8');
  assert.match(script, new RegExp(`PORT = '${new URL(USUAL).port}'`));
  for (const [places, path] of [[registered.redirect_uris, '/callback'], [registered.post_logout_redirect_uris, '/'], [registered.allowed_origins, '']])
    assert.ok(places.includes(USUAL + path), places.join());
  // And the sample API lets its pages in.
  const asked = { method: 'OPTIONS', headers: { origin: USUAL, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization,dpop' } };
  const preflight = await fetch(`${server.api}/api/dragons`, asked);
  assert.ok(preflight.ok);
  assert.equal(preflight.headers.get('access-control-allow-origin'), USUAL);
  assert.match(preflight.headers.get('access-control-allow-headers'), /authorization.*dpop/i);
});

test('a deep link to a guarded page asks to sign in and comes back to it, orders and all', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${app}/admin?from=mail#list`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText('dragon saddle').waitFor();
  assert.equal(page.url(), `${app}/admin?from=mail#list`);
  await looked(page, 'admin');
});

test('who lacks the role is refused by the guard, and by the API if they ask it themselves', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(app);
  await signIn(page, user);
  assert.equal(await page.locator('nav >> text=Orders').count(), 0);
  assert.deepEqual([await orders(user), await orders(ADMIN)], [403, 200]);
  await page.goto(`${app}/admin`);
  await page.getByRole('heading', { name: 'Not for you' }).waitFor();
  assert.equal(page.url(), `${app}/no-entry`);
  await looked(page, 'no-entry');
});

test('the same with express-jwt, which knows no proofs: dragons, profile, orders, and no key that binds a token', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const calls = [];
  page.on('request', (request) => {
    const { authorization, dpop } = request.headers();
    if (request.url().startsWith(plainApi.origin) && request.method() === 'GET') calls.push([authorization?.split(' ')[0], dpop]);
  });
  await page.goto(plainApp);
  await signIn(page, ADMIN);
  await page.getByText('Shenlong').waitFor();
  await page.click('nav >> text=Profile');
  await page.locator('#claims dd').first().waitFor();
  assert.match(await page.innerText('#claims'), new RegExp(ADMIN.email));
  await page.click('nav >> text=Orders');
  await page.getByText('dragon saddle').waitFor();
  const [, ...signedIn] = calls; // the first one before anybody is signed in
  assert.ok(signedIn.length >= 2, JSON.stringify(calls));
  for (const call of signedIn) assert.deepEqual(call, ['Bearer', undefined]);
  // What is in a page's memory is gone after a reload: the issuer is asked, without a prompt.
  await page.reload();
  await page.getByText('dragon saddle').waitFor();
});

test('a name is text, whatever is in it', async (t) => {
  const name = '<img src=x onerror="document.title=1">"\'</p><b>Bobby';
  const person = await server.addUser('bobby@example.test', name, 'tables that are dropped at night');
  const page = await (await profile(t, browser)).newPage();
  await page.goto(app);
  await signIn(page, person);
  assert.equal(await page.innerText('#who'), name);
  await page.click('nav >> text=Profile');
  await page.locator('#claims dd').first().waitFor();
  assert.ok((await page.innerText('#claims')).includes(name));
  assert.equal(await page.locator('img[src=x], main b').count(), 0);
});

test('declining the sign-in of a guarded page leads home, not in circles', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${app}/profile`);
  await page.click('button[name=decision][value=deny]');
  await page.locator('#problem').waitFor();
  assert.match(await page.innerText('#problem'), /You said no/);
  assert.equal(page.url(), `${app}/`);
  await looked(page, 'declined');
  await page.click('nav >> text=Profile');
  await fillIn(page, user.email, user.password);
  await page.locator('#claims dd').first().waitFor();
  assert.equal(page.url(), `${app}/profile`);
});

test('the address of the callback by itself says that there is nothing to finish', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${app}/callback`);
  await page.getByText('there is none to finish').waitFor();
  await looked(page, 'callback');
});

test('the app can be installed, opens offline, and keeps nothing but its own files', async (t) => {
  const network = 'symbolon: network: Offline, or CORS: is this origin one of the client?';
  const context = await profile(t, browser, { onConsole: [network] });
  const page = await context.newPage();
  await page.goto(app);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const cdp = await context.newCDPSession(page);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId), ['in-incognito'], 'as every profile of these tests is');
  await page.reload(); // from now on through the service worker
  await signIn(page, user);
  await page.getByText('Shenlong').waitFor();
  const kept = await page.evaluate(async () => {
    const entries = [];
    for (const name of await caches.keys())
      for (const request of await (await caches.open(name)).keys())
        entries.push([new URL(request.url).pathname + new URL(request.url).search, await (await caches.match(request)).text()]);
    return entries;
  });
  const { files } = await (await fetch(`${app}/files.json`)).json();
  assert.deepEqual(kept.map(([path]) => path).sort(), [...files, '/files.json'].sort());
  for (const [path, text] of kept) assert.doesNotMatch(text, /eyJ[\w-]{10}|sym_\w+|Shenlong/, path);

  await context.setOffline(true);
  await page.goto(`${app}/profile`);
  await page.getByText('The API gave no answer').waitFor();
  assert.match(await page.innerText('#problem'), /cannot be reached/);
  assert.equal(page.url(), `${app}/`);
  await looked(page, 'offline');
  await context.setOffline(false);
  await page.goto(`${app}/profile`);
  await page.locator('#claims dd').first().waitFor();
});
