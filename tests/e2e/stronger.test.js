/** More than a password, in a real browser: who must have a second factor sets one up, and an app that asks for a stronger level gets it in a running session. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { Client } from './support/client.js';
import { confirmApp, setUpApp, totp } from './support/factors.js';
import { Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';
const MFA = 'urn:symbolon:acr:mfa';
const PWD = 'urn:symbolon:acr:pwd';
const ESSENTIAL = JSON.stringify({ id_token: { acr: { essential: true, values: [MFA] } } });

let server;
let browser;
let client;

before(async () => {
  server = await Server.start({ settings: { SYMBOLON_FACTORS__REQUIRED: 'never', SYMBOLON_FACTORS__ROLES: 'keeper' } });
  browser = await launch();
  await server.command(['role', 'add', 'keeper']);
  client = await Client.start(server, 'Bank');
});
after(async () => {
  await browser?.close();
  client?.stop();
  await server?.stop();
});

const newPage = async (t) => (await profile(t, browser)).newPage();
const isAsked = (page, title) => page.getByRole('heading', { name: title }).waitFor();
/** Nobody is signed in in this browser. */
async function isOut(page) {
  await page.goto(`${server.issuer}/account`);
  await page.locator('#login').waitFor();
}

test('who must have a second factor says no, or sets one up and is in the app', async (t) => {
  const keeper = await server.addUser('keeper@example.test', 'Keeper', PASSWORD);
  await server.command(['role', 'grant', keeper.email, 'keeper']);
  const page = await newPage(t);
  await client.send(page);
  await fillIn(page, keeper.email, PASSWORD);
  await isAsked(page, 'Set up a second step');
  assert.match(await page.innerText('.lead'), /keeper@example\.test needs more than a password/);
  await page.click('#deny');
  const refused = await client.answer(page);
  assert.deepEqual([refused.get('error'), refused.get('state')], ['access_denied', client.checks.expectedState]);
  await isOut(page);

  await page.goto(server.app);
  await page.click('#sign-in');
  await fillIn(page, keeper.email, PASSWORD);
  await isAsked(page, 'Set up a second step');
  await page.click('#way-totp');
  const key = await page.innerText('#secret');
  await page.fill('#code', '000000');
  await page.click('#continue');
  assert.match(await page.innerText('#problem'), /not the one of this key/);
  assert.equal(await page.innerText('#secret'), key, 'what was scanned still counts');
  const { secret, codes } = await confirmApp(page);
  assert.deepEqual([secret, codes.length], [key, 10]);
  await page.click('#onward');
  await page.locator('#sign-out').waitFor();
  assert.equal(await page.innerText('#who'), 'Keeper');

  const elsewhere = await newPage(t);
  await client.send(elsewhere);
  await fillIn(elsewhere, keeper.email, PASSWORD);
  await isAsked(elsewhere, 'One more step');
  await elsewhere.fill('#code', totp(secret));
  await elsewhere.click('#continue');
  const { amr, acr } = await client.claims(elsewhere);
  assert.deepEqual([amr, acr], [['pwd', 'otp', 'mfa'], MFA]);
});

test('an app that asks for a stronger level has the second factor asked in a running session, and the tokens tell the truth', async (t) => {
  const grace = await server.addUser('grace@example.test', 'Grace', PASSWORD);
  const phone = await newPage(t);
  await phone.goto(`${server.issuer}/login`);
  await fillIn(phone, grace.email, PASSWORD);
  await phone.getByText('Hello, ').waitFor();
  const { secret } = await setUpApp(phone, server);

  const page = await newPage(t);
  await client.send(page);
  await fillIn(page, grace.email, PASSWORD);
  const before = await client.claims(page);
  assert.deepEqual([before.amr, before.acr], [['pwd'], PWD]);
  // The session does for what asks for no more, without a page.
  await client.send(page);
  assert.equal((await client.claims(page)).auth_time, before.auth_time);

  await client.send(page, { acr_values: MFA });
  assert.match(await page.innerText('.lead'), /Bank/, 'who wants to know it again');
  assert.equal(await page.inputValue('#username'), grace.email, 'not asked twice');
  await page.fill('#password', PASSWORD);
  await page.click('#sign-in');
  await isAsked(page, 'One more step');
  await page.fill('#code', totp(secret));
  await page.click('#continue');
  const after = await client.claims(page);
  assert.deepEqual([after.sub, after.amr, after.acr], [before.sub, ['pwd', 'otp', 'mfa'], MFA]);
  assert.ok(after.auth_time >= before.auth_time);

  // From now on the session is worth that, and whoever wishes for less is told what they wished for.
  await client.send(page, { acr_values: MFA });
  assert.equal((await client.claims(page)).acr, MFA);
  await client.send(page, { acr_values: PWD });
  assert.equal((await client.claims(page)).acr, PWD);
});

test('who has no second factor gets a wish for one refused in the tokens alone, and sets one up where it is essential', async (t) => {
  const heidi = await server.addUser('heidi@example.test', 'Heidi', PASSWORD);
  const page = await newPage(t);
  await client.send(page, { acr_values: MFA });
  await fillIn(page, heidi.email, PASSWORD);
  const wished = await client.claims(page);
  assert.deepEqual([wished.amr, wished.acr], [['pwd'], PWD], 'no more than happened');

  await client.send(page, { claims: ESSENTIAL });
  await fillIn(page, heidi.email, PASSWORD);
  await isAsked(page, 'Set up a second step');
  await confirmApp(page);
  await page.click('#onward');
  const reached = await client.claims(page);
  assert.deepEqual([reached.amr, reached.acr], [['pwd', 'otp', 'mfa'], MFA]);
});
