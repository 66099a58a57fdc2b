/** Passkeys in a real browser, with an authenticator of Chromium's; the app's codes and recovery codes without JavaScript. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launchWhole, pictures, profile } from './support/browser.js';
import { authenticator, totp } from './support/factors.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launchWhole();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function signInHere(page) {
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, ADMIN.email, ADMIN.password);
}

test('a passkey is made, signs in by autofill and by the button, is a second step, and is removed', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const { credentials, present } = await authenticator(page);
  await signInHere(page);
  await page.click('a[href="/account"]');
  await page.click('#parts a[href="/account/security"]');
  await accessible(page, 'security');
  await page.fill('#name', 'My laptop');
  await page.click('#add-passkey');
  await page.getByText('shown only this once').waitFor();
  assert.equal(await page.locator('#codes li').count(), 10);
  await accessible(page, 'recovery codes');
  await page.click('#onward');
  await page.getByText('My laptop').first().waitFor();
  assert.equal((await credentials()).length, 1);
  await accessible(page, 'security with a passkey');

  // Again with the same authenticator: it says itself that it has one.
  await page.click('#add-passkey');
  await page.locator('#passkey-problem').waitFor();

  // The second step: after the password, by somebody who does not take the passkey that is offered at first.
  await page.context().clearCookies();
  await present(false);
  await signInHere(page);
  await page.getByText('One more step').first().waitFor();
  await present(true);
  await accessible(page, 'second step by passkey');
  await page.click('#use-passkey');
  await page.getByText('Hello, ').waitFor();

  // Autofill: whoever comes to the page is offered it without asking for it.
  await page.context().clearCookies();
  await page.goto(`${server.issuer}/login`);
  await page.getByText('Hello, ').waitFor();

  // The button, in a browser that fills in nothing by itself.
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  await page.context().clearCookies();
  await page.goto(`${server.issuer}/login`);
  await accessible(page, 'sign-in with passkeys');
  await page.click('#use-passkey');
  await page.getByText('Hello, ').waitFor();

  await page.goto(`${server.issuer}/account/security`);
  await page.getByText('Rename or remove').click();
  await page.click('button[value=remove]');
  await page.getByText('It is your last one').waitFor();
  await accessible(page, 'removal');
  await page.click('#remove-it');
  await page.getByText('None yet.').waitFor();
});

test('who is not verified by their authenticator gets no passkey', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await authenticator(page, { isUserVerified: false });
  await signInHere(page);
  await page.goto(`${server.issuer}/account/security`);
  await page.click('#add-passkey');
  await page.locator('#passkey-problem').waitFor();
});

test('without JavaScript: an app is set up, completes the sign-in, a recovery code replaces it, the operator takes both away', async () => {
  const own = new Visitor();
  let page = await own.get(`${server.issuer}/login`);
  page = await own.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
  page = await own.get(`${server.issuer}/account/security`);
  page = await own.submit(page, '/account/security', {}, { button: ['action', 'totp'] });
  const secret = /id="secret">([A-Z2-7 ]+)</.exec(page.body)[1];
  assert.match(page.body, /<svg class="qr"/);
  page = await own.submit(page, '/account/security', { code: totp(secret, -1) });
  const codes = [...page.body.matchAll(/<li><code>([^<]+)</g)].map(([, code]) => code);
  assert.equal(codes.length, 10, page.body);

  const visitor = new Visitor();
  const atTheStep = async () => {
    page = await visitor.get(`${server.issuer}/login`);
    page = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
    assert.match(page.body, /One more step/);
  };
  await atTheStep();
  page = await visitor.submit(page, '/login/factor', { code: '000000' });
  assert.match(page.body, /code is not right/);
  page = await visitor.submit(page, '/login/factor', { code: totp(secret) });
  assert.match(page.body, /Hello, /);
  visitor.cookies.clear();
  await atTheStep();
  page = await visitor.submit(page, '/login/factor', {}, { button: ['way', 'recovery_code'] });
  page = await visitor.submit(page, '/login/factor', { code: codes[0].toLowerCase() });
  assert.match(page.body, /9 are left/);

  const listed = await server.command(['user', 'factors', ADMIN.email]);
  assert.deepEqual([listed.factors[0].kind, listed.recovery_codes_left], ['totp', 9]);
  await server.command(['user', 'reset-factors', ADMIN.email, '--yes']);
  visitor.cookies.clear();
  page = await visitor.get(`${server.issuer}/login`);
  page = await visitor.submit(page, '/login', { username: ADMIN.email, password: ADMIN.password });
  assert.match(page.body, /Hello, /, 'the password alone');
});

test('the pages look well wide and narrow, light and dark', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const { present } = await authenticator(page);
  await signInHere(page);
  await page.goto(`${server.issuer}/account/security`);
  await pictures(page, 'security-none');
  await page.click('#set-up-totp');
  await pictures(page, 'totp');
  await accessible(page, 'setting up an app');
  const secret = await page.locator('#secret').innerText();
  await page.fill('#code', totp(secret, -1));
  await page.click('#continue');
  await page.locator('#codes').waitFor();
  await pictures(page, 'recovery-codes');
  await page.click('#onward');
  await page.fill('#name', 'My phone');
  await page.click('#add-passkey');
  await page.getByText('My phone').first().waitFor();
  await pictures(page, 'security');
  await page.context().clearCookies();
  await present(false);
  await page.goto(`${server.issuer}/login`);
  await pictures(page, 'login-passkey');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#code').waitFor();
  await pictures(page, 'factor');
  await accessible(page, 'second step by app');
  await page.click('#way-recovery_code');
  await pictures(page, 'factor-recovery');
  await accessible(page, 'second step by recovery code');
});
