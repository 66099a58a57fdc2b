/** Codes and links by mail in a real browser: the link is for the browser that asked, and a letter takes the place of a factor that is not at hand. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, profile } from './support/browser.js';
import { Client } from './support/client.js';
import { setUpApp, totp } from './support/factors.js';
import { codeIn, letter, letters, linkIn } from './support/letters.js';
import { Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';
const PWD = 'urn:symbolon:acr:pwd';

let server;
let browser;
let client;

before(async () => {
  server = await Server.start({ settings: { SYMBOLON_FACTORS__EMAIL: 'first' } });
  browser = await launch();
  client = await Client.start(server, 'Dragon care');
});
after(async () => {
  await browser?.close();
  client?.stop();
  await server?.stop();
});

const newPage = async (t, options) => (await profile(t, browser, options)).newPage();
const isAsked = (page) => page.getByRole('heading', { name: 'One more step' }).waitFor();

/** Somebody whose address is proven: others are mailed no code. */
async function person(name) {
  const user = await server.addUser(`${name}@example.test`, name, PASSWORD);
  await server.command(['user', 'set', user.email, '--email-verified', 'true']);
  return user;
}

/** Nobody is signed in in this browser. */
async function isOut(page) {
  await page.goto(`${server.issuer}/account`);
  await page.locator('#login').waitFor();
}

/** From the sign-in page to the letter. */
async function askForMail(page, email) {
  await page.click('#email-code');
  await page.fill('#username', email);
  await page.click('#send');
  await page.locator('#code').waitFor();
  return letter(server, email, 'sign_in_code');
}

test('the link signs in by its button in the browser that asked, goes on to the app, and is over then', async (t) => {
  const grace = await person('grace');
  const page = await newPage(t);
  await client.send(page);
  const link = linkIn(await askForMail(page, grace.email), '/login/email/confirm');

  const scanner = await newPage(t, { javaScriptEnabled: false });
  await scanner.goto(link);
  assert.match(await scanner.innerText('main'), /Type this code where you began[^]*this one stays signed out[^]*Give the code to nobody/);
  assert.equal(await scanner.locator('form:not(#languages)').count(), 0);
  await isOut(scanner);

  // As from a mail program: in a tab of its own.
  const tab = await page.context().newPage();
  await tab.goto(link);
  await tab.getByRole('heading', { name: 'Sign in here?' }).waitFor();
  await accessible(tab, 'login-email-here');
  const looked = await page.context().newPage();
  await isOut(looked);
  await tab.click('#continue');
  const { sub, amr, acr } = await client.claims(tab);
  assert.deepEqual([amr, acr], [['email'], undefined], 'a mailbox reaches no level');
  assert.equal(sub, (await server.command(['user', 'factors', grace.email])).user_id);
  await looked.goto(`${server.issuer}/account`);
  await looked.getByRole('heading', { name: 'Your account' }).waitFor();

  for (const one of [looked, scanner]) {
    await one.goto(link);
    assert.match(await one.innerText('main'), /This link does not work any more/);
  }
  await isOut(scanner);
});

test('saying no at the link leaves everybody signed out', async (t) => {
  const judy = await person('judy');
  const page = await newPage(t);
  await page.goto(`${server.issuer}/login`);
  await page.goto(linkIn(await askForMail(page, judy.email), '/login/email/confirm'));
  await page.click('.no a');
  assert.equal(page.url(), `${server.issuer}/`);
  await isOut(page);
});

test('who has their app not at hand has a code mailed after the password, which signs in and takes nothing over', async (t) => {
  const heidi = await person('heidi');
  const own = await newPage(t);
  await own.goto(`${server.issuer}/login`);
  await fillIn(own, heidi.email, PASSWORD);
  await own.getByText('Hello, ').waitFor();
  const { secret } = await setUpApp(own, server);

  const page = await newPage(t);
  await client.send(page);
  await fillIn(page, heidi.email, PASSWORD);
  await isAsked(page);
  await page.click('#way-email');
  assert.match(await page.innerText('.lead'), /mailed to the address of heidi@example\.test/);
  await accessible(page, 'second step by mail');
  const mailed = await letter(server, heidi.email, 'second_step_code');
  assert.equal((await letters(server, heidi.email, 'second_step_code')).length, 1, 'none before it was wished for');
  assert.match(mailed.text, /somebody knows your password/);
  assert.equal(linkIn(mailed, '/login/email/confirm'), undefined, 'no link goes past the password');
  await page.fill('#code', '00000000');
  await page.click('#continue');
  assert.match(await page.innerText('#problem'), /not the code we sent last/);
  await page.fill('#code', codeIn(mailed));
  await page.click('#continue');
  const { amr, acr } = await client.claims(page);
  assert.deepEqual([amr, acr], [['pwd', 'email'], PWD], 'RFC 8176 has no such factor');

  // For what takes an account over a letter does not do.
  await page.goto(`${server.issuer}/account/security`);
  assert.equal(await page.locator('#set-up-totp, #remove-totp, #new-codes').count(), 0);
  await page.click('#confirm-it-is-you');
  await fillIn(page, heidi.email, PASSWORD);
  await isAsked(page);
  assert.equal(await page.locator('#way-email').count(), 0);
  await page.fill('#code', totp(secret));
  await page.click('#continue');
  await page.locator('#remove-totp').waitFor();
});

test('who signs in by mail and has an app is asked for it, not for another letter', async (t) => {
  const ivan = await person('ivan');
  const own = await newPage(t);
  await own.goto(`${server.issuer}/login`);
  await fillIn(own, ivan.email, PASSWORD);
  await own.getByText('Hello, ').waitFor();
  const { secret } = await setUpApp(own, server);

  const page = await newPage(t);
  await client.send(page);
  const mailed = await askForMail(page, ivan.email);
  await page.fill('#code', codeIn(mailed));
  await page.click('#continue');
  await isAsked(page);
  assert.equal(await page.locator('#way-email').count(), 0);
  const tab = await page.context().newPage();
  await isOut(tab);
  await page.fill('#code', totp(secret));
  await page.click('#continue');
  assert.deepEqual((await client.claims(page)).amr, ['email', 'otp', 'mfa']);
});
