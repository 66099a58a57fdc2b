/** Codes by mail, "This wasn't me", and work in place of captchas: a real browser, with scripts and without, and the letters as a developer reads them. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

let server;
let browser;

before(async () => {
  server = await Server.start({
    settings: { SYMBOLON_FACTORS__EMAIL: 'first', SYMBOLON_THROTTLE__SUBNET__FREE: '3', SYMBOLON_THROTTLE__WORK_BITS: '10' },
  });
  // Nobody mails a code to an address that nobody has proven.
  await server.command(['user', 'set', ADMIN.email, '--email-verified', 'true']);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The newest letter of a kind, once it is there: letters go out behind the answer. */
async function letter(template, known = 0) {
  for (let turn = 0; turn < 200; turn++) {
    const { letters } = await (await fetch(`${server.issuer}/dev/mail.json`)).json();
    const found = letters.filter((one) => one.template === template);
    if (found.length > known) return found[0];
    await new Promise((soon) => setTimeout(soon, 25));
  }
  throw new Error(`no letter ${template}`);
}

const codeIn = ({ text }) => /^\s*(\d{8})\s*$/m.exec(text)[1];
const linkIn = ({ text }, path) => text.split('\n').find((line) => line.includes(path));

async function signInHere(page) {
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL(`${server.issuer}/`);
}

test('a code by mail signs in without a script, and is for the browser that asked', async (t) => {
  const page = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  await page.goto(`${server.issuer}/login`);
  await page.click('#email-code');
  await page.fill('#username', ADMIN.email);
  await page.click('#send');
  assert.equal(await page.locator('#code').getAttribute('autocomplete'), 'one-time-code');
  const mailed = await letter('sign_in_code');
  const phone = await (await profile(t, browser)).newPage();
  await phone.goto(linkIn(mailed, '/login/email/confirm'));
  assert.equal((await phone.locator('#code').innerText()).replace(' ', ''), codeIn(mailed));
  assert.equal(await phone.locator('form').count(), 0);
  await accessible(phone, 'login-email-elsewhere');
  await page.fill('#code', codeIn(mailed));
  await page.click('#continue');
  await page.waitForURL(`${server.issuer}/`);
  assert.match(await page.locator('main').innerText(), /Hello/);
});

test('the pages of a code by mail can be used by everybody', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${server.issuer}/login/email`);
  await accessible(page, 'login-email');
  await pictures(page, 'login-email');
  await page.fill('#username', 'nobody@example.test');
  await page.click('#send');
  await accessible(page, 'login-email-code');
  await pictures(page, 'login-email-code');
  await page.fill('#code', '00000000');
  await page.click('#continue');
  await page.locator('#problem').waitFor();
  await accessible(page, 'login-email-code-wrong');
});

test('whoever owns the account is told of a browser it did not know, and shuts it out from the letter, in any browser', async (t) => {
  const own = await (await profile(t, browser)).newPage();
  await signInHere(own);
  const before = (await (await fetch(`${server.issuer}/dev/mail.json`)).json()).letters.filter((one) => one.template === 'new_device').length;
  const thief = await (await profile(t, browser)).newPage();
  await signInHere(thief);
  const told = await letter('new_device', before);
  assert.match(told.text, /Chrome on Linux/);
  const phone = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  const link = linkIn(told, '/not-me');
  await phone.goto(link);
  await thief.reload();
  assert.match(await thief.locator('main').innerText(), /Hello/, 'looking changes nothing');
  const seen = await (await profile(t, browser)).newPage();
  await seen.goto(link);
  await accessible(seen, 'not-me');
  await pictures(seen, 'not-me');
  await phone.click('#confirm');
  assert.match(await phone.locator('h1').innerText(), /shut out/);
  await thief.reload();
  assert.doesNotMatch(await thief.locator('main').innerText(), /Hello/);
  const reset = linkIn(await letter('account_shut'), '/reset?code=');
  await phone.goto(reset);
  await phone.fill('#password', ADMIN.password);
  await phone.fill('#password_confirm', ADMIN.password);
  await phone.click('main button[type=submit]');
  assert.match(await phone.locator('h1').innerText(), /Password changed/);
});

test('a browser that works is not kept waiting by its neighbours', async (t) => {
  // Until a wait is long enough to be met, however slow the machine: each guess doubles it.
  const guess = async (page, name) => {
    await page.goto(`${server.issuer}/login`);
    await fillIn(page, name, 'not the password');
    await page.locator('#problem').waitFor();
    return (await page.locator('#work-done').count()) > 0;
  };
  const noise = await (await profile(t, browser)).newPage();
  const page = await (await profile(t, browser)).newPage();
  let isAsked = false;
  for (let number = 0; !isAsked && number < 20; number++) {
    await guess(noise, `nobody${number}@example.test`);
    isAsked = await guess(page, `somebody${number}@example.test`);
  }
  assert.ok(isAsked, 'it is asked to work');
  const work = page.locator('#work-done');
  await work.waitFor({ state: 'attached' });
  await page.waitForFunction(() => document.getElementById('work-done').value !== '');
  await accessible(page, 'login-work');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL(`${server.issuer}/`);
});
