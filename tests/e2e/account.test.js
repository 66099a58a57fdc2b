/** People's own account in a real browser without JavaScript: through every page, to the end of the account. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

const EVE = { email: 'eve@example.test', name: 'Eve', password: 'a garden with two trees' };
const NEW = { email: 'eve@new.example.test', password: 'three lanterns over the orbit' };

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The newest letter of that name to that address, once it is there. */
async function letter(to, template) {
  for (;;) {
    const { letters } = await (await fetch(`${server.issuer}/dev/mail.json`)).json();
    const found = letters.find((one) => one.to === to && one.template === template);
    if (found) return found;
  }
}

const link = ({ text }) => text.match(/^http\S+\?code=\S+$/m)[0];

/** Makes an account at the sign-up page. */
async function signUp(page, { email, name, password }) {
  await page.goto(`${server.issuer}/signup`);
  await page.fill('#email', email);
  await page.fill('#name', name);
  await page.fill('#password', password);
  if (await page.locator('#password_confirm').count()) await page.fill('#password_confirm', password);
  await page.click('#create');
  const { text } = await letter(email, 'sign_up_code');
  await page.fill('#code', text.match(/^\s+(\d{8})$/m)[1]);
  await page.click('#continue');
}

test('an account is looked after and ended without JavaScript', async (t) => {
  const page = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  await signUp(page, EVE);
  await page.goto(`${server.issuer}/account`);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await pictures(page, 'account');

  await page.click('#parts a[href="/account/profile"]');
  await page.fill('#nickname', 'Evie');
  await page.selectOption('#locale', 'fr');
  await page.click('#save');
  await page.getByText('Enregistré.').waitFor();
  await pictures(page, 'account-profile');
  await page.selectOption('#locale', '');
  await page.click('#save');
  await page.getByText('Saved.').waitFor();

  // Another device of hers, which the change of password ends.
  const elsewhere = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  await elsewhere.goto(`${server.issuer}/login`);
  await fillIn(elsewhere, EVE.email, EVE.password);
  await page.click('#parts a[href="/account/sessions"]');
  assert.equal(await page.locator('#sessions > li').count(), 2);
  assert.match(await page.locator('#here').innerText(), /Chrome on Linux/);
  await pictures(page, 'account-sessions');
  await page.click('#parts a[href="/account/password"]');
  await page.fill('#current', EVE.password);
  await page.fill('#password', NEW.password);
  await page.fill('#password_confirm', NEW.password);
  await pictures(page, 'account-password');
  await page.click('#change-password');
  await page.getByRole('heading', { name: 'Password changed' }).waitFor();
  await page.click('#onward');
  await elsewhere.goto(`${server.issuer}/account`);
  await elsewhere.locator('#login').waitFor();

  await page.click('#parts a[href="/account/email"]');
  await page.fill('#email', NEW.email);
  await page.click('#send');
  await page.locator('#pending').waitFor();
  await pictures(page, 'account-email');
  await letter(EVE.email, 'email_asked');
  await page.goto(link(await letter(NEW.email, 'email_proof')));
  await pictures(page, 'account-email-confirm');
  await page.click('#use-address');
  await page.getByRole('heading', { name: 'Address changed' }).waitFor();
  const notMe = link(await letter(EVE.email, 'email_changed'));
  await elsewhere.goto(notMe);
  await elsewhere.locator('#not-me').waitFor();
  await pictures(elsewhere, 'account-email-undo');

  await page.goto(`${server.issuer}/account/activity`);
  for (const what of ['Address changed', 'Password changed', 'Account created']) {
    await page.getByText(what, { exact: true }).first().waitFor();
  }
  await pictures(page, 'account-activity');
  await page.click('#parts a[href="/account/apps"]');
  await page.getByText('No app has access').waitFor();

  await page.click('#parts a[href="/account/data"]');
  await pictures(page, 'account-data');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  assert.equal(download.suggestedFilename(), 'symbolon-account.json');
  await page.click('#delete-account');
  await page.fill('#sure', NEW.email);
  await pictures(page, 'account-delete');
  await page.click('#delete-for-ever');
  await page.getByRole('heading', { name: 'Account deleted' }).waitFor();
  await letter(NEW.email, 'account_deleted');
  await page.goto(`${server.issuer}/account`);
  await fillIn(page, NEW.email, NEW.password);
  await page.getByText('do not match').waitFor();
});

test('people sign out on any page of their account, without JavaScript', async (t) => {
  const page = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  await page.goto(`${server.issuer}/account`);
  for (const path of ['', '/profile', '/security']) {
    await fillIn(page, ADMIN.email, ADMIN.password);
    await page.goto(`${server.issuer}/account${path}`);
    await page.click('#sign-out');
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.goto(`${server.issuer}/account${path}`);
    await page.locator('#login').waitFor();
  }
});

test('an app that was signed in to loses its access', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(server.app);
  await page.click('#sign-in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#sign-out').waitFor();
  const account = await context.newPage();
  await account.goto(`${server.issuer}/account/apps`);
  await account.locator('#apps > li').waitFor();
  await pictures(account, 'account-apps');
  await account.click('#revoke-it-1');
  await account.getByText('No app has access').waitFor();
});
