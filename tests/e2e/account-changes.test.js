/** Changes to an account in a real browser: sessions that are ended elsewhere, a passkey's name, the sign-in before what takes an account over, and the ways back. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, profile } from './support/browser.js';
import { authenticator, setUpApp, totp } from './support/factors.js';
import { letter, linkIn } from './support/letters.js';
import { Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';
const THIEFS = 'what somebody else has chosen';
const NEW = 'three lanterns over the orbit';

let server;
let browser;

before(async () => {
  server = await Server.start({ settings: { SYMBOLON_FACTORS__REQUIRED: 'never' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Somebody with a proven address: others have no way back. */
async function person(name) {
  const user = await server.addUser(`${name}@example.test`, name, PASSWORD);
  await server.command(['user', 'set', user.email, '--email-verified', 'true']);
  return user;
}

/** A browser of its own in which they are signed in. */
async function signedIn(t, email, password = PASSWORD) {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, email, password);
  await page.getByText('Hello, ').waitFor();
  return page;
}
const isOut = async (page) => {
  await page.goto(`${server.issuer}/account`);
  await page.locator('#login').waitFor();
};
const isIn = async (page) => {
  await page.goto(`${server.issuer}/account`);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
};

/** Whoever sits there chooses another password. */
async function takesPassword(page) {
  await page.goto(`${server.issuer}/account/password`);
  await page.fill('#current', PASSWORD);
  await page.fill('#password', THIEFS);
  await page.fill('#password_confirm', THIEFS);
  await page.click('#change-password');
  await page.getByRole('heading', { name: 'Password changed' }).waitFor();
}

/** The owner chooses one by the link that was mailed. */
async function newPassword(page, email) {
  await page.goto(linkIn(await letter(server, email, 'account_shut'), '/reset'));
  await page.fill('#password', NEW);
  await page.fill('#password_confirm', NEW);
  await page.click('#set-password');
  await page.getByRole('heading', { name: 'Password changed' }).waitFor();
}

test('one session is ended from another, then all others, and those browsers are signed out at their next page', async (t) => {
  const { email } = await person('grace');
  const own = await signedIn(t, email);
  const lost = await signedIn(t, email);
  await own.goto(`${server.issuer}/account/sessions`);
  assert.equal(await own.locator('#sessions > li').count(), 2);
  await own.click('#end-it-1');
  await own.getByText('You are signed in nowhere else.').waitFor();
  assert.equal(await own.locator('#sessions > li').count(), 1);
  await isOut(lost);
  await isIn(own);

  const others = [await signedIn(t, email), await signedIn(t, email)];
  await own.goto(`${server.issuer}/account/sessions`);
  assert.equal(await own.locator('#sessions > li').count(), 3);
  await own.click('#end-others');
  await own.getByText('You are signed in nowhere else.').waitFor();
  for (const other of others) await isOut(other);
  await isIn(own);

  await own.goto(`${server.issuer}/account/sessions`);
  await own.click('#sign-out-here');
  await isOut(own);
});

test('a passkey is called something else', async (t) => {
  const { email } = await person('heidi');
  const page = await signedIn(t, email);
  await authenticator(page);
  await page.goto(`${server.issuer}/account/security`);
  await page.fill('#name', 'My laptop');
  await page.click('#add-passkey');
  await page.click('#onward');
  await page.getByText('Rename or remove').click();
  await page.fill('#passkeys input[name=name]', '  The old <b>laptop</b>');
  await page.click('#passkeys button[value=rename]');
  await page.locator('#passkeys strong', { hasText: 'The old <b>laptop</b>' }).waitFor();
  assert.equal(await page.getByText('My laptop').count(), 0);
  const { factors } = await server.command(['user', 'factors', email]);
  assert.deepEqual(factors.map(({ kind, name }) => [kind, name]), [['passkey', 'The old <b>laptop</b>']]);
});

test('what takes an account over wants a sign-in with everything the account has, and comes back to where it was', async (t) => {
  const { email } = await person('ivan');
  const phone = await signedIn(t, email);
  const { secret } = await setUpApp(phone, server);
  // What is set up in the second of a sign-in counts as set up by it.
  const made = Math.floor(Date.now() / 1000);
  await phone.waitForFunction((second) => Date.now() / 1000 >= second + 1, made);

  const page = await signedIn(t, email);
  await page.goto(`${server.issuer}/account/email`);
  assert.equal(await page.locator('#ask').count(), 0);
  await accessible(page, 'account-email-confirm-first');
  await page.click('#confirm-it-is-you');
  await fillIn(page, email, PASSWORD);
  await page.getByRole('heading', { name: 'One more step' }).waitFor();
  // Half of it is not enough.
  const tab = await page.context().newPage();
  await tab.goto(`${server.issuer}/account/email`);
  assert.equal(await tab.locator('#ask').count(), 0);
  await page.fill('#code', totp(secret));
  await page.click('#continue');
  await page.waitForURL(`${server.issuer}/account/email`);
  await page.fill('#email', 'ivan@new.example.test');
  await page.click('#send');
  assert.match(await page.innerText('#pending'), /ivan@new\.example\.test/);
});

test('whose address was changed by somebody else takes it back: every session ends, and a new password follows', async (t) => {
  const { email } = await person('judy');
  const stolen = 'thief@example.test';
  const own = await signedIn(t, email);
  const thief = await signedIn(t, email);
  await thief.goto(`${server.issuer}/account/email`);
  await thief.fill('#email', stolen);
  await thief.click('#send');
  await thief.locator('#pending').waitFor();
  await thief.goto(linkIn(await letter(server, stolen, 'email_proof'), '/account/email/confirm'));
  await thief.click('#use-address');
  await thief.getByRole('heading', { name: 'Address changed' }).waitFor();
  await takesPassword(thief);
  await isOut(own);

  const phone = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  const undo = linkIn(await letter(server, email, 'email_changed'), '/account/email/undo');
  await phone.goto(undo);
  assert.match(await phone.innerText('.lead'), /judy@example\.test stays or becomes the address/);
  await isIn(thief);
  await phone.click('#not-me');
  await phone.getByRole('heading', { name: 'Your address is safe' }).waitFor();
  await isOut(thief);
  await fillIn(thief, email, THIEFS);
  await thief.getByText('do not match').waitFor();
  assert.equal(new URL(await phone.locator('#onward').getAttribute('href'), server.issuer).pathname, '/forgot', 'the way on, where no letter comes');
  await newPassword(phone, email);
  await isIn(await signedIn(t, email, NEW));
  await phone.goto(undo);
  assert.match(await phone.innerText('h1'), /This link cannot be used/);
});

test('whose password was changed by somebody else shuts them out from the letter', async (t) => {
  const { email } = await person('mallory-s-victim');
  const thief = await signedIn(t, email);
  await takesPassword(thief);

  const phone = await (await profile(t, browser, { javaScriptEnabled: false })).newPage();
  await phone.goto(linkIn(await letter(server, email, 'password_changed'), '/not-me'));
  await phone.click('#was-me');
  await isIn(thief);
  await phone.goBack();
  await phone.click('#confirm');
  await phone.getByRole('heading', { name: 'Everybody is shut out' }).waitFor();
  await isOut(thief);
  await fillIn(thief, email, THIEFS);
  await thief.getByText('do not match').waitFor();
  await newPassword(phone, email);
  await isIn(await signedIn(t, email, NEW));
});
