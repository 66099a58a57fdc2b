/** The first five minutes of somebody who has just started `serve --dev`: everything by hand, in a real browser. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, load, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

let server, browser;

before(async () => {
  server = await Server.startNew();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('before set-up the start page says what is left to do, and nobody can sign in', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.issuer);
  assert.match(await page.innerText('main'), /One step is left: the first administrator/);
  await pictures(page, 'home-new');
  await page.goto(server.app);
  await page.click('#sign-in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  assert.match(await page.innerText('[role=alert]'), /do not match/);
});

test('a set-up link that is not one says how to get one', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  for (const link of [`${server.issuer}/setup`, `${server.setupLink}x`]) {
    const answer = await page.goto(link);
    assert.ok(answer.status() >= 400 && answer.status() < 500);
    assert.match(await page.innerText('main'), /symbolon admin setup-link/);
    assert.equal(await page.locator('input[name=password]').count(), 0);
  }
  await pictures(page, 'set-up-no-link');
});

test('set up, open the sample app, sign in, load dragons and orders, sign out', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.setupLink);
  await page.locator('#email:focus').waitFor();
  await pictures(page, 'set-up');
  const fill = async (password, again = password) => {
    await page.fill('#email', ADMIN.email);
    await page.fill('#name', ADMIN.name);
    await page.fill('#password', password);
    await page.fill('#password_confirm', again);
    await page.click('main button[type=submit]');
  };
  await fill('too short');
  assert.equal(await page.evaluate(() => document.querySelector('#password').validity.tooShort), true);
  await fill(ADMIN.password, `${ADMIN.password}!`);
  assert.match(await page.innerText('[role=alert]'), /not the same/);
  assert.equal(await page.inputValue('#email'), ADMIN.email, 'asked once');
  assert.equal(await page.inputValue('#name'), ADMIN.name);
  await pictures(page, 'set-up-problem');
  await fill(ADMIN.email);
  await page.locator('[role=alert]').waitFor();
  await fill(ADMIN.password);
  assert.match(await page.innerText('main'), new RegExp(`${ADMIN.email} is now the administrator`));
  await pictures(page, 'set-up-done');

  await page.click('text=Open the sample app');
  assert.equal(page.url(), `${server.app}/`);
  await page.click('#sign-in');
  await page.locator('#username:focus').waitFor();
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#sign-out').waitFor();
  assert.equal(await page.innerText('#who'), ADMIN.name);
  assert.match((await load(page, 'dragons')).join(), /Shenlong/);
  assert.match((await load(page, 'orders')).join(), /saddle/);
  await page.goto(server.issuer);
  assert.match(await page.innerText('h1'), new RegExp(ADMIN.name));
  await pictures(page, 'home-signed-in');
  await page.goto(server.app);
  await page.click('#sign-out');
  await page.waitForURL(`${server.app}/`);
  await page.locator('#sign-in').waitFor();
  await page.goto(server.issuer);
  assert.match(await page.innerText('main'), /Sign in here/);
});

test('the set-up link works once', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(server.setupLink);
  assert.match(await page.innerText('main'), /symbolon admin setup-link/);
  assert.equal(await page.locator('input[name=password]').count(), 0);
});
