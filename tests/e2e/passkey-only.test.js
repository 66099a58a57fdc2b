/** Who must have a second factor sets up what the operator allows: passkeys alone, in browsers that make them and in others; or whichever one chooses. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launchWhole, pictures, profile } from './support/browser.js';
import { Client } from './support/client.js';
import { authenticator, confirmApp, totp } from './support/factors.js';
import { Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';
const MFA = 'urn:symbolon:acr:mfa';

let strict;
let either;
let browser;
let client;

before(async () => {
  const always = { SYMBOLON_FACTORS__REQUIRED: 'always' };
  strict = await Server.start({ settings: { ...always, SYMBOLON_FACTORS__OFFERED: 'passkey' } });
  either = await Server.start({ settings: always });
  browser = await launchWhole();
  client = await Client.start(strict, 'Bank');
});
after(async () => {
  await browser?.close();
  client?.stop();
  await strict?.stop();
  await either?.stop();
});

const newPage = async (t, options) => (await profile(t, browser, options)).newPage();
const isAsked = (page, title) => page.getByRole('heading', { name: title }).waitFor();
const codesOn = (page) => page.locator('#codes code').allInnerTexts();

/** At the page after the password. */
async function password(page, server, { email }) {
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, email, PASSWORD);
}

test('passkeys alone: one is set up at the first sign-in and asked for at the next, and a recovery code stands in for it', async (t) => {
  const grace = await strict.addUser('grace@example.test', 'Grace', PASSWORD);
  const page = await newPage(t);
  const { credentials } = await authenticator(page);
  await client.send(page);
  await fillIn(page, grace.email, PASSWORD);
  await isAsked(page, 'Set up a passkey');
  assert.match(await page.innerText('.lead'), /grace@example\.test needs a passkey/);
  assert.equal(await page.locator('#unable, #secret').count(), 0, 'it can, and there is nothing else');
  await accessible(page, 'setting up a passkey');
  await pictures(page, 'enrol-passkey');
  await page.click('#deny');
  assert.equal((await client.answer(page)).get('error'), 'access_denied');

  await client.send(page);
  await fillIn(page, grace.email, PASSWORD);
  // By the keyboard alone.
  await page.focus('#add-passkey');
  await page.keyboard.press('Enter');
  await page.locator('#codes').waitFor();
  const codes = await codesOn(page);
  assert.deepEqual([codes.length, (await credentials()).length], [10, 1]);
  await page.reload();
  assert.deepEqual(await codesOn(page), codes, 'whoever loads the page again in this minute sees them again');
  await page.click('#onward');
  const { amr, acr } = await client.claims(page);
  assert.deepEqual([amr, acr], [['pwd', 'hwk', 'user', 'mfa'], MFA]);

  await page.context().clearCookies();
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  await client.send(page);
  await fillIn(page, grace.email, PASSWORD);
  await isAsked(page, 'One more step');
  await page.click('#use-passkey');
  assert.deepEqual((await client.claims(page)).amr, ['pwd', 'hwk', 'user', 'mfa']);

  // On another device, which has none.
  const lost = await newPage(t, { javaScriptEnabled: false });
  await password(lost, strict, grace);
  await lost.click('#way-recovery_code');
  await lost.fill('#code', codes[0]);
  await lost.click('#continue');
  assert.match(await lost.innerText('.lead'), /9 are left/);
});

test('passkeys alone: an authenticator that makes none is told and asked again', async (t) => {
  const heidi = await strict.addUser('heidi@example.test', 'Heidi', PASSWORD);
  const page = await newPage(t);
  await authenticator(page, { isUserVerified: false });
  await password(page, strict, heidi);
  await isAsked(page, 'Set up a passkey');
  await page.click('#add-passkey');
  await page.locator('#passkey-problem').waitFor();
  assert.match(await page.innerText('#passkey-problem'), /No passkey was created\. Try again/);
  assert.ok(await page.locator('#add-passkey').isVisible());
});

test('passkeys alone: a browser that cannot make one says what to do, without script and without Web Authentication', async (t) => {
  const ivan = await strict.addUser('ivan@example.test', 'Ivan', PASSWORD);
  for (const locale of ['en-GB', 'de-AT']) {
    const page = await newPage(t, { javaScriptEnabled: false, locale });
    await password(page, strict, ivan);
    await page.locator('#unable').waitFor();
    assert.match(await page.innerText('#unable'), locale === 'en-GB' ? /Sign in with another browser or device.*ask whoever runs localhost/ : /Melden Sie sich mit einem anderen Browser oder Gerät an/);
    assert.deepEqual([await page.locator('#add-passkey').isVisible(), await page.locator('#deny').isVisible()], [false, true]);
    await page.click('#deny');
    await page.goto(`${strict.issuer}/account`);
    await page.locator('#login').waitFor();
  }
  const old = await newPage(t);
  await old.addInitScript(() => delete window.PublicKeyCredential);
  await password(old, strict, ivan);
  await old.locator('#unable').waitFor();
  await accessible(old, 'no passkeys here');
  await pictures(old, 'enrol-unable');
  assert.equal(await old.locator('#add-passkey').isVisible(), false);
});

test('either: the passkey comes first, the app behind it, and whichever is chosen is asked for from then on', async (t) => {
  const judy = await either.addUser('judy@example.test', 'Judy', PASSWORD);
  const page = await newPage(t);
  const { credentials } = await authenticator(page);
  await password(page, either, judy);
  await isAsked(page, 'Set up a second step');
  assert.ok(await page.locator('#add-passkey').isVisible());
  await accessible(page, 'setting up either');
  await pictures(page, 'enrol-either');
  await page.click('#way-totp');
  await accessible(page, 'setting up the app instead');
  await pictures(page, 'enrol-either-app');
  await page.fill('#code', '000000');
  await page.click('#continue');
  assert.match(await page.innerText('#problem'), /not the one of this key/);
  const { secret, codes } = await confirmApp(page);
  assert.equal(codes.length, 10);
  await page.click('#onward');
  await page.context().clearCookies();
  await password(page, either, judy);
  await page.fill('#code', totp(secret));
  await page.click('#continue');
  await page.getByText('Hello, ').waitFor();

  const karl = await either.addUser('karl@example.test', 'Karl', PASSWORD);
  await page.context().clearCookies();
  await password(page, either, karl);
  // There and back.
  await page.click('#way-totp');
  await page.click('#way-passkey');
  await page.click('#add-passkey');
  await page.locator('#codes').waitFor();
  assert.equal((await credentials()).length, 1);
});

test('either: without script the app is what can be set up', async (t) => {
  const laura = await either.addUser('laura@example.test', 'Laura', PASSWORD);
  const page = await newPage(t, { javaScriptEnabled: false });
  await password(page, either, laura);
  await isAsked(page, 'Set up a second step');
  assert.deepEqual([await page.locator('#way-totp').isVisible(), await page.locator('#add-passkey').isVisible()], [true, false]);
  assert.equal((await confirmApp(page)).codes.length, 10);
});
