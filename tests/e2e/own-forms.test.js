/** An app that draws the forms itself, at another port of the issuer's host: the example of the manual, as it stands there, in a real browser. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { setUpApp, totp } from './support/factors.js';
import { codeIn, letter } from './support/letters.js';
import { read } from './support/manual.js';
import { becomes } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';
const GRACE = 'grace@example.test';

let server;
let browser;
let app;
let stranger;
let example;

const listening = async (handle) => {
  const listener = createServer(handle);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { listener, origin: `http://localhost:${listener.address().port}` };
};

const page = () => `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><main></main><script type="module">
import { createAuth } from '${server.issuer}/sdk/v1/symbolon.js';
import { draw } from '/forms.js';
window.auth = createAuth({ issuer: '${server.issuer}', clientId: 'shop', dpop: false });
auth.start();
window.show = (what) => draw(what, document.querySelector('main')).then((page) => (window.ended = page));
</script></html>`;

function serve({ url }, response) {
  const isScript = url === '/forms.js';
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8').end(isScript ? example : page());
}

before(async () => {
  server = await Server.start();
  browser = await launch();
  const { steps } = await read('docs/manual/sign-up.md');
  const { text } = steps.find(({ kind, name }) => kind === 'file' && name === 'forms.js');
  example = text.replace('https://auth.example.com', server.issuer);
  assert.ok(example.includes(server.issuer));
  app = await listening(serve);
  stranger = await listening(serve);
  await server.command(['client', 'add', '--spa', '--id', 'shop', '--name', 'Shop', '--redirect', `${app.origin}/`, '--password-sign-in']);
});
after(async () => {
  await browser?.close();
  for (const one of [app, stranger].filter(Boolean)) {
    one.listener.closeAllConnections();
    one.listener.close();
  }
  await server?.stop();
});

/** A page of the app that draws a form. */
async function drawn(t, what) {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  await becomes(page, 'signed-out');
  await page.evaluate((name) => void window.show(name), what);
  await page.locator('form').waitFor();
  return { context, page };
}

const fields = (page) => page.locator('form input').evaluateAll((all) => all.map(({ name, type, autocomplete, required }) => [name, type, autocomplete, required]));
const send = (page) => page.click('form button');
const problem = (page, code) => page.locator('[role=alert]', { hasText: code }).waitFor();
const ended = async (page) => (await page.waitForFunction(() => window.ended)).jsonValue();
/** The app gets its tokens, and nobody is asked for anything any more. */
async function isSignedIn(page, email) {
  const shown = [];
  page.on('response', (response) => {
    if (response.url().startsWith(server.issuer) && /html/.test(response.headers()['content-type'])) shown.push(response.url());
  });
  await page.evaluate(() => void window.auth.login());
  await becomes(page, 'signed-in');
  assert.equal(await page.evaluate(() => window.auth.user.email), email);
  assert.deepEqual(shown, []);
}

test('an account is made in the form that the app draws, and signed in', async (t) => {
  const { page } = await drawn(t, 'signup');
  assert.deepEqual(await fields(page), [['email', 'email', 'username', true], ['name', 'text', 'name', false], ['password', 'password', 'new-password', true]]);
  await page.getByLabel('Email').fill(GRACE);
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByLabel('Password').fill(GRACE);
  await send(page);
  await problem(page, 'password_personal');
  assert.deepEqual([await page.inputValue('[name=email]'), await page.inputValue('[name=name]'), await page.inputValue('[name=password]')], [GRACE, 'Grace Hopper', '']);
  await page.getByLabel('Password').fill(PASSWORD);
  await send(page);
  await page.locator('[name=code]').waitFor();
  assert.deepEqual(await fields(page), [['code', 'text', 'one-time-code', true]]);
  await page.fill('[name=code]', '000000');
  await send(page);
  await problem(page, 'wrong_code');
  await page.fill('[name=code]', codeIn(await letter(server, GRACE, 'sign_up_code')));
  await send(page);
  assert.equal(await ended(page), 'done');
  await isSignedIn(page, GRACE);
});

test('people sign in there, are told what is wrong, and are kept signed in only if they say so', async (t) => {
  for (const keep of [true, false]) {
    const { context, page } = await drawn(t, 'login');
    assert.deepEqual(await fields(page), [['username', 'text', 'username', true], ['password', 'password', 'current-password', true], ['keep', 'checkbox', 'off', false]]);
    await page.fill('[name=username]', ADMIN.email);
    await page.fill('[name=password]', PASSWORD);
    await send(page);
    await problem(page, 'wrong_credentials');
    assert.equal(await page.inputValue('[name=username]'), ADMIN.email);
    await page.fill('[name=password]', ADMIN.password);
    await page.setChecked('[name=keep]', keep);
    await send(page);
    assert.equal(await ended(page), 'done');
    const session = (await context.cookies(server.issuer)).find(({ name }) => name.startsWith('symbolon-session'));
    assert.equal(session.expires > 0, keep);
    await isSignedIn(page, ADMIN.email);
  }
});

test('who has a second factor is asked for it in the same way', async (t) => {
  const { email } = await server.addUser('heidi@example.test', 'Heidi', PASSWORD);
  const own = await (await profile(t, browser)).newPage();
  await own.goto(`${server.issuer}/login`);
  await fillIn(own, email, PASSWORD);
  await own.getByText('Hello, ').waitFor();
  const { secret } = await setUpApp(own, server);

  const { page } = await drawn(t, 'login');
  await page.fill('[name=username]', email);
  await page.fill('[name=password]', PASSWORD);
  await send(page);
  await page.getByLabel('Code of six digits').fill('000000');
  await send(page);
  await problem(page, 'wrong_code');
  await page.getByLabel('Code of six digits').fill(totp(secret));
  await send(page);
  assert.equal(await ended(page), 'done');
  await isSignedIn(page, email);
});

test('a page at another port that is no app of ours gets no form', async (t) => {
  const page = await (await profile(t, browser, { tolerate: /blocked by CORS policy/ })).newPage();
  await page.goto(`${stranger.origin}/`);
  await becomes(page, 'signed-out');
  await page.evaluate(() => void window.show('login').catch(({ name }) => (window.ended = name)));
  const outcome = await page.waitForFunction(() => window.ended ?? (document.querySelector('form') && 'a form'));
  assert.equal(await outcome.jsonValue(), 'TypeError', 'the browser lets it read nothing');
});
