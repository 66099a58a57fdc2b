/** A person in a real Chromium, the sample app, its API and the hosted pages. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, load, pictures, profile, signIn } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

let server, browser, user;

before(async () => {
  server = await Server.start();
  browser = await launch();
  user = await server.addUser('bob@example.test', 'Bob Scrooge', 'a long walk in the rain');
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** axe finds nothing, and it fits, light and dark, wide and narrow. */
async function looked(page, name) {
  await accessible(page, name);
  await pictures(page, name);
}

/** Paths of the issuer this page visits from now on, by navigation. */
function visits(page) {
  const seen = [];
  page.on('framenavigated', (frame) => frame === page.mainFrame() && seen.push(new URL(frame.url())));
  return () => seen.filter(({ origin }) => origin === server.issuer).map(({ pathname }) => pathname);
}

test('sign in, see the profile, call the API, sign out', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await signIn(page, server, ADMIN);
  assert.equal(page.url(), `${server.app}/`, 'no code is left in the address');
  assert.equal(await page.innerText('#who'), ADMIN.name);
  assert.match((await load(page, 'dragons')).join(), /Shenlong/);
  assert.match((await load(page, 'orders')).join(), /saddle/);
  await looked(page, 'sample-home');
  await page.click('nav a[href="#/profile"]');
  await page.locator('#claims dd').first().waitFor();
  const claims = await page.innerText('#claims');
  assert.match(claims, new RegExp(ADMIN.name));
  assert.match(claims, new RegExp(ADMIN.email));
  assert.match(claims, /admin/);
  await looked(page, 'sample-profile');
  await page.click('#sign-out');
  await page.locator('#sign-in').waitFor();
  assert.equal(new URL(page.url()).origin, server.app);
});

test('nothing that is of use elsewhere is left in storage, and the session cookie is out of reach of scripts', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await signIn(page, server, ADMIN);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /eyJ|sym_|verifier|nonce/);
  // The profile page says where it is: in IndexedDB, with its key, which cannot be taken out, and no access token.
  const [record, ...more] = await page.evaluate(readDatabase);
  assert.deepEqual(more, []);
  assert.match(record.refreshToken, /^sym_rt_/);
  assert.deepEqual([record.extractable, record.accessTokens], [false, 0]);
  const cookies = await context.cookies(server.issuer);
  assert.ok(cookies.length > 0);
  for (const { name, httpOnly, sameSite } of cookies) {
    assert.ok(httpOnly, name);
    assert.match(sameSite, /Lax|Strict/, name);
  }
});

/** What the SDK keeps in IndexedDB. Runs in the page. */
async function readDatabase() {
  const opening = indexedDB.open('symbolon', 1);
  await new Promise((done) => (opening.onsuccess = done));
  const all = opening.result.transaction('kept').objectStore('kept').getAll();
  await new Promise((done) => (all.onsuccess = done));
  opening.result.close();
  const written = (value) => JSON.stringify(value) ?? '';
  return all.result.map(({ refreshToken, idToken, key, ...rest }) => ({
    refreshToken,
    extractable: key.privateKey.extractable,
    accessTokens: (written(rest).match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? []).length,
  }));
}

test('a reload and a second tab are signed in without a password', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await signIn(page, server, ADMIN);
  await page.goto(`${server.app}/#/profile`);
  const pages = visits(page);
  await page.reload();
  await page.locator('#claims dd').first().waitFor();
  assert.equal(page.url(), `${server.app}/#/profile`);
  const second = await context.newPage();
  const secondPages = visits(second);
  await second.goto(server.app);
  await second.locator('#sign-out').waitFor();
  assert.match((await load(second, 'dragons')).join(), /Shenlong/);
  assert.deepEqual([...pages(), ...secondPages()], [], 'no page of the issuer was shown');
});

test('back and forward over the sign-in stay signed in', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await signIn(page, server, ADMIN);
  for (const go of ['goBack', 'goForward']) {
    await page[go]();
    await page.locator('#sign-out').waitFor();
    assert.equal(page.url(), `${server.app}/`, go);
    assert.ok(await page.isHidden('#problem'), go);
  }
});

test('signing out ends every tab and the session; the old cookie is useless', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await signIn(page, server, ADMIN);
  const second = await context.newPage();
  await second.goto(server.app);
  await second.locator('#sign-out').waitFor();
  const cookies = await context.cookies(server.issuer);
  await page.click('#sign-out');
  await page.locator('#sign-in').waitFor();
  await second.locator('#sign-in').waitFor();
  await second.reload();
  await second.locator('#sign-in').waitFor();

  const thief = await profile(t, browser);
  await thief.addCookies(cookies);
  const stolen = await thief.newPage();
  await stolen.goto(server.app);
  await stolen.click('#sign-in');
  await stolen.locator('input[name=password]').waitFor();
});

test('who signs out at the issuer is told until when a service that follows nothing may accept them', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await signIn(page, server, ADMIN);
  await page.goto(`${server.issuer}/logout`);
  await page.click('main button[type=submit]');
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  assert.match(await page.innerText('main'), /may accept what it was given until \d\d:\d\d UTC/);
  await pictures(page, 'signed-out');
});

test('a person without the role may see dragons, not orders', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await signIn(page, server, user);
  assert.equal(await page.innerText('#who'), user.name);
  assert.match((await load(page, 'dragons')).join(), /Shenlong/);
  assert.match((await load(page, 'orders')).join(), /not for you/);
  await looked(page, 'sample-refused');
});

test('signed out, the API refuses and a guarded page asks to sign in and comes back', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.app);
  await page.locator('#sign-in').waitFor();
  assert.match((await load(page, 'dragons')).join(), /Sign in first/);
  await looked(page, 'sample-signed-out');
  await page.click('nav a[href="#/profile"]');
  await fillIn(page, user.email, user.password);
  await page.locator('#claims dd').first().waitFor();
  assert.equal(page.url(), `${server.app}/#/profile`);
});

test('a wrong password says so without saying which half, keeps the name, and the next try works', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const problem = async (username) => {
    await page.goto(server.app);
    await page.click('#sign-in');
    await fillIn(page, username, 'not the password at all');
    const alert = page.locator('#problem');
    await alert.waitFor();
    assert.equal(await page.inputValue('input[name=username]'), username);
    assert.equal(await page.inputValue('input[name=password]'), '');
    return alert.innerText();
  };
  const unknown = await problem('nobody@example.test');
  const known = await problem(user.email);
  assert.equal(known, unknown);
  assert.match(known, /do not match/);
  assert.doesNotMatch(page.url(), /password/);
  await pictures(page, 'sign-in-wrong');
  await fillIn(page, user.email, user.password);
  await page.locator('#sign-out').waitFor();
});

test('cancelling returns to the app, which says so', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.app);
  await page.click('#sign-in');
  await page.click('button[name=decision][value=deny]');
  await page.locator('#problem').waitFor();
  assert.match(await page.innerText('#problem'), /said no/);
  assert.equal(page.url(), `${server.app}/`);
  await looked(page, 'sample-cancelled');
  await page.click('#sign-in');
  await fillIn(page, user.email, user.password);
  await page.locator('#sign-out').waitFor();
  assert.ok(await page.isHidden('#problem'), 'and a change of mind is welcome');
});

test('the keyboard is enough', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.app);
  await page.locator('#sign-in').waitFor();
  await tabTo(page, 'sign-in');
  await page.keyboard.press('Enter');
  await page.locator('#username:focus').waitFor();
  await page.keyboard.type(user.email);
  await tabTo(page, 'password');
  await page.keyboard.type(user.password);
  await page.keyboard.press('Enter');
  await page.locator('#sign-out').waitFor();
  await tabTo(page, 'load-dragons');
  await page.keyboard.press('Space');
  await page.locator('#dragons td').first().waitFor();
  await page.goto(`${server.app}/#/profile`);
  await page.locator('#claims dd').first().waitFor();
  await tabTo(page, 'skip');
  await page.keyboard.press('Enter');
  await page.locator('main:focus').waitFor();
  assert.ok(await page.isVisible('#claims'), 'skipping to the content stays on the page');
  await tabTo(page, 'sign-out');
  await page.keyboard.press('Enter');
  await page.locator('#sign-in').waitFor();
});

/** Presses Tab until the element has the focus; a loop without it means it cannot be reached. */
async function tabTo(page, id) {
  for (let presses = 0; presses < 40; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.id === wanted, id)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the Tab key does not reach #${id}`);
}

test('whoever types a password can look at it, and it is hidden again before it is sent', async (t) => {
  const page = await (await profile(t, browser, { locale: 'de-DE' })).newPage();
  await page.goto(`${server.issuer}/login`);
  const show = page.getByRole('button', { name: 'Anzeigen: Passwort', exact: true });
  const kind = () => page.getAttribute('#password', 'type');
  assert.deepEqual([await kind(), await show.getAttribute('aria-pressed')], ['password', 'false']);
  await page.fill('#username', user.email);
  await page.focus('#password');
  await page.keyboard.type('not the password');
  await tabTo(page, 'show-password');
  await page.keyboard.press('Space');
  assert.deepEqual([await kind(), await show.getAttribute('aria-pressed')], ['text', 'true']);
  assert.equal(await page.inputValue('#password'), 'not the password');
  await looked(page, 'login-shown');
  await page.evaluate(() => {
    const sent = () => { sessionStorage.sent = document.getElementById('password').type; };
    document.getElementById('login').addEventListener('submit', sent);
  });
  await page.press('#password', 'Enter');
  await page.locator('#problem').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.sent), 'password');
  assert.equal(await kind(), 'password');
  await page.goto(`${server.issuer}/signup`);
  for (const label of ['Passwort', 'Passwort wiederholen']) {
    await page.getByRole('button', { name: `Anzeigen: ${label}`, exact: true }).click();
    assert.equal(await page.getByLabel(label, { exact: true }).getAttribute('type'), 'text', label);
  }
});

test('the hosted pages need no JavaScript', async (t) => {
  const page = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  const url = new URL('/authorize', server.issuer);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: 'dragons-spa',
    redirect_uri: `${server.app}/`,
    scope: 'openid',
    state: 'of no script',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }).toString();
  await page.goto(url.href);
  assert.equal(await page.locator('#show-password').count(), 0, 'and show no button that would do nothing');
  await fillIn(page, user.email, 'wrong, to see the message');
  await page.locator('#problem').waitFor();
  await fillIn(page, user.email, user.password);
  await page.waitForURL((there) => there.origin === server.app);
  const answer = new URL(page.url()).searchParams;
  assert.ok(answer.get('code'));
  assert.equal(answer.get('state'), 'of no script');
  assert.equal(answer.get('iss'), server.issuer);
});

test('the token is renewed before it ends, and being offline signs nobody out', async (t) => {
  const network = 'symbolon: network: Offline, or CORS: is this origin one of the client?';
  const context = await profile(t, browser, { onConsole: [network] }); // told the developer once, not at every retry
  const page = await context.newPage();
  await page.clock.install();
  await signIn(page, server, ADMIN);
  const expiry = () => page.getAttribute('#expires', 'datetime');
  const renewal = () =>
    page.waitForResponse((response) => response.url().endsWith('/oauth/token') && response.request().method() === 'POST' && response.ok());
  const first = await expiry();
  let renewed = renewal();
  await page.clock.fastForward('09:30');
  assert.equal((await renewed).status(), 200);
  await page.waitForFunction((old) => document.getElementById('expires').dateTime !== old, first);

  await context.setOffline(true);
  await page.clock.fastForward('09:30');
  await page.locator('#problem').waitFor();
  assert.equal(await page.innerText('#who'), ADMIN.name);
  renewed = renewal();
  await context.setOffline(false);
  assert.equal((await renewed).status(), 200);
  assert.match((await load(page, 'dragons')).join(), /Shenlong/);
});

test('a session that an administrator ends is over in the app at its next renewal', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.clock.install();
  const person = await server.addUser('carol@example.test', 'Carol', 'marmalade sandwiches at noon');
  await signIn(page, server, person);
  await server.command(['user', 'block', person.email, '--yes']);
  await page.clock.fastForward('09:30');
  await page.locator('#sign-in').waitFor();
  await page.reload();
  await page.locator('#sign-in').waitFor();
});

test('a name is text, whatever is in it', async (t) => {
  const name = '<img src=x onerror="document.title=1">"\'</p><b>Bobby';
  const person = await server.addUser('bobby@example.test', name, 'tables that are dropped at night');
  const page = await (await profile(t, browser)).newPage();
  await signIn(page, server, person);
  assert.equal(await page.innerText('#who'), name);
  await page.click('nav a[href="#/profile"]');
  await page.locator('#claims dd').first().waitFor();
  assert.ok((await page.innerText('#claims')).includes(name));
  assert.equal(await page.locator('img[src=x], main b').count(), 0);
});

test('the page about errors is for everybody', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${server.issuer}/sdk/v1/errors.html#popup_blocked`);
  await looked(page, 'errors');
});

test('the hosted pages look right: light and dark, wide and narrow', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.app);
  await page.click('#sign-in');
  await page.locator('input[name=password]').waitFor();
  const hosted = { 'sign-in': page.url(), home: `${server.issuer}/`, problem: `${server.issuer}/authorize?client_id=nobody` };
  for (const [name, url] of Object.entries(hosted)) {
    await page.goto(url);
    await pictures(page, name);
  }
});
