/** People are spoken to in their language, and see whose sign-in it is: what the app asks for, what they choose, what their browser is set to; on pages and in letters. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

let server;
let browser;
let client;

before(async () => {
  server = await Server.start();
  browser = await launch();
  const added = await server.command(['client', 'add', '--web', '--name', 'Dragon care', '--redirect', HOME]);
  client = added.client.client_id;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

function authorize(extra = {}) {
  const url = new URL('/authorize', server.issuer);
  const wanted = { client_id: client, redirect_uri: HOME, response_type: 'code', scope: 'openid email', state: 'x', code_challenge: CHALLENGE, code_challenge_method: 'S256', ...extra };
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value);
  return String(url);
}

const language = (page) => page.locator('html').getAttribute('lang');

/** The code that ends the sign-in. */
async function signIn(page) {
  await page.fill('#username', ADMIN.email);
  await page.fill('#password', ADMIN.password);
  const [request] = await Promise.all([page.waitForRequest((sent) => sent.url().startsWith(HOME)), page.click('#sign-in')]);
  return new URL(request.url()).searchParams.get('code');
}

async function letter(to) {
  for (let turn = 0; turn < 200; turn++) {
    const { letters } = await (await fetch(`${server.issuer}/dev/mail.json`)).json();
    const found = letters.find((one) => one.to === to);
    if (found) return found;
    await new Promise((soon) => setTimeout(soon, 25));
  }
  throw new Error(`no letter to ${to}`);
}

test('ui_locales: the sign-in is in German in a browser that is set to French', async (t) => {
  const page = await (await profile(t, browser, { locale: 'fr-FR' })).newPage();
  await page.goto(authorize({ ui_locales: 'de-AT en' }));
  assert.equal(await language(page), 'de');
  assert.equal(await page.locator('h1').innerText(), 'Anmelden');
  await accessible(page, 'sign-in in German');
  await pictures(page, 'languages-de');
  await page.fill('#username', ADMIN.email);
  await page.fill('#password', 'not the password');
  await page.click('#sign-in');
  assert.match(await page.locator('#problem').innerText(), /passen nicht zusammen/);
  assert.ok(await signIn(page));
});

test('Accept-Language: the sign-in is in the language of the browser', async (t) => {
  const page = await (await profile(t, browser, { locale: 'es-MX' })).newPage();
  await page.goto(authorize());
  assert.equal(await language(page), 'es');
  assert.ok(await signIn(page));
});

test('without JavaScript people choose another language, keep what waits for them, and find it again', async (t) => {
  const context = await profile(t, browser, { locale: 'fr-FR', javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(authorize({ ui_locales: 'fr' }));
  assert.equal(await language(page), 'fr');
  await page.click('#language-de');
  assert.equal(await language(page), 'de');
  assert.equal(await page.locator('#language-de').getAttribute('aria-current'), 'true');
  assert.ok(await signIn(page));
  // In a tab of its own: nobody listens where the first is on its way to.
  const own = await context.newPage();
  await own.goto(`${server.issuer}/account/security`);
  assert.equal(await own.locator('h1').innerText(), 'Wie Sie sich anmelden');
  await own.click('#language-es');
  assert.equal(own.url(), `${server.issuer}/account/security`);
  assert.equal(await language(own), 'es');
});

test('whoever signs up in German has a letter in German', async (t) => {
  const page = await (await profile(t, browser, { locale: 'de-DE' })).newPage();
  await page.goto(`${server.issuer}/signup`);
  await page.fill('#email', 'grete@example.test');
  await page.fill('#password', 'sieben ruhige otter stricken');
  await page.fill('#password_confirm', 'sieben ruhige otter stricken');
  await page.click('button#create');
  assert.equal(await page.locator('h1').innerText(), 'Sehen Sie in Ihrem Postfach nach');
  const written = await letter('grete@example.test');
  assert.match(written.subject, /^\d{8} ist Ihr Code$/);
  await page.goto(`${server.issuer}/dev/mail/${written.number}`);
  assert.equal(await page.frameLocator('iframe').locator('html').getAttribute('lang'), 'de');
});

test('a client has its colour and its welcome, which can be read in light and dark', async (t) => {
  const shop = (await server.command(['client', 'add', '--web', '--name', 'Dragon shop', '--redirect', HOME])).client.client_id;
  await server.command(['client', 'set', shop, '--brand-accent', '#ffd54a', '--brand-welcome', 'en=Feed them before noon.', '--brand-welcome', 'de=Füttern Sie vor dem Mittag.']);
  const page = await (await profile(t, browser, { locale: 'de-DE' })).newPage();
  await page.goto(authorize({ client_id: shop }));
  assert.equal(await page.locator('#welcome').innerText(), 'Füttern Sie vor dem Mittag.');
  const colour = () => page.locator('#sign-in').evaluate((button) => getComputedStyle(button).backgroundColor);
  const plain = await browser.newPage();
  await plain.goto(authorize());
  assert.notEqual(await colour(), await plain.locator('#sign-in').evaluate((button) => getComputedStyle(button).backgroundColor));
  await plain.close();
  await accessible(page, 'a branded sign-in');
  await pictures(page, 'branded');
});

test('without JavaScript another language at the code of a sign-up, and where a password was forgotten, loses nothing', async (t) => {
  const page = await (await profile(t, browser, { locale: 'en-GB', javaScriptEnabled: false })).newPage();
  await page.goto(authorize({ prompt: 'create' }));
  await page.fill('#email', 'grace@example.com');
  await page.fill('#password', 'seven calm otters knit');
  if (await page.locator('#password_confirm').count()) await page.fill('#password_confirm', 'seven calm otters knit');
  await page.click('#create');
  await page.locator('#code').waitFor();
  await page.click('#language-de');
  assert.equal(await language(page), 'de');
  await pictures(page, 'languages-sign-up-code-de');
  const { text } = await letter('grace@example.com');
  await page.fill('#code', text.match(/^\s+(\d{8})$/m)[1]);
  const [request] = await Promise.all([page.waitForRequest((sent) => sent.url().startsWith(HOME)), page.click('#continue')]);
  assert.ok(new URL(request.url()).searchParams.get('code'), 'and goes on to the app');

  const other = await (await profile(t, browser, { locale: 'en-GB', javaScriptEnabled: false })).newPage();
  await other.goto(authorize());
  await other.click('#forgotten');
  await other.locator('#forgot').waitFor();
  await other.click('#language-fr');
  assert.equal(await language(other), 'fr');
  await other.fill('#username', ADMIN.email);
  await other.click('#send');
  await other.locator('#another-address').waitFor();
  await other.click('#language-es');
  assert.equal(await language(other), 'es');
  await other.click('#again');
  assert.ok(await signIn(other), 'the sign-in that waited goes on');
});
