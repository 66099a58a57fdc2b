/** The second step of a sign-in in a real browser: the app's code, recovery codes and their print, browsers that are remembered until they are forgotten. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { setUpApp, totp } from './support/factors.js';
import { letter, letters } from './support/letters.js';
import { Server } from './support/server.js';

const PASSWORD = 'seven calm otters knit a scarf';

let server;
let browser;

before(async () => {
  server = await Server.start({ settings: { SYMBOLON_FACTORS__REQUIRED: 'new_device' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const newPage = async (t) => (await profile(t, browser)).newPage();

/** Somebody with an app on their phone, in the browser where they set it up. */
async function withApp(t, name) {
  const user = await server.addUser(`${name}@example.test`, name, PASSWORD);
  await server.command(['user', 'set', user.email, '--email-verified', 'true']);
  const page = await newPage(t);
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, user.email, PASSWORD);
  await page.getByText('Hello, ').waitFor();
  return { ...user, page, ...(await setUpApp(page, server)) };
}

/** From the app to the page after the password. */
async function password(page, { email }) {
  await page.goto(server.app);
  await page.click('#sign-in');
  await fillIn(page, email, PASSWORD);
}
const asked = (page) => page.getByRole('heading', { name: 'One more step' }).waitFor();
const inTheApp = async (page, { name }) => {
  await page.locator('#sign-out').waitFor();
  assert.equal(await page.innerText('#who'), name);
};
/** Signs out of the app and of the browser. */
async function signOut(page) {
  await page.goto(`${server.issuer}/`);
  await page.click('#sign-out');
  await page.goto(`${server.issuer}/account`);
  await page.locator('#login').waitFor();
}

test('a wrong code keeps people out and is told to the owner, the right one lets them into the app', async (t) => {
  const grace = await withApp(t, 'grace');
  const page = await newPage(t);
  await password(page, grace);
  await asked(page);
  assert.match(await page.innerText('.lead'), /your authenticator app shows for grace@example\.test/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'code');
  await page.fill('#code', '000000');
  await page.click('#continue');
  assert.match(await page.innerText('#problem'), /code is not right/);
  assert.match(await page.title(), /^Problem/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'problem');
  const away = await page.context().newPage();
  await away.goto(`${server.issuer}/account`);
  await away.locator('#login').waitFor();
  const told = await letter(server, grace.email, 'factor_refused');
  assert.match(told.text, /right password[^]*Nobody got in/);

  const code = totp(grace.secret);
  await page.fill('#code', code);
  await page.click('#continue');
  await inTheApp(page, grace);

  // What was shown over a shoulder is worth nothing.
  const shoulder = await newPage(t);
  await password(shoulder, grace);
  await asked(shoulder);
  await shoulder.fill('#code', code);
  await shoulder.click('#continue');
  await shoulder.locator('#problem').waitFor();
});

test('a recovery code signs in once, is told by mail, and its second use is refused', async (t) => {
  const heidi = await withApp(t, 'heidi');
  const page = await newPage(t);
  await password(page, heidi);
  await page.click('#way-recovery_code');
  await page.fill('#code', heidi.codes[3]);
  await page.click('#continue');
  await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
  assert.match(await page.innerText('.lead'), /9 are left/);
  await page.click('#onward');
  await inTheApp(page, heidi);
  const used = ({ subject }) => subject === 'A recovery code was used';
  const told = await letter(server, heidi.email, 'factor_changed', { fits: used });
  assert.match(told.text, /Somebody has signed in as heidi@example\.test[^]*\/not-me\?code=/);
  const known = (await letters(server, heidi.email, 'factor_changed')).length;

  const again = await newPage(t);
  await password(again, heidi);
  await again.click('#way-recovery_code');
  await again.fill('#code', heidi.codes[3]);
  await again.click('#continue');
  assert.match(await again.innerText('#problem'), /not one of your unused recovery codes/);
  // The page goes on with what is at hand.
  await again.fill('#code', heidi.codes[4]);
  await again.click('#continue');
  assert.match(await again.innerText('.lead'), /8 are left/);
  await again.click('#security');
  await again.getByRole('heading', { name: 'How you sign in' }).waitFor();
  assert.equal((await server.command(['user', 'factors', heidi.email])).recovery_codes_left, 8);
  await letter(server, heidi.email, 'factor_changed', { known, fits: used });
  assert.equal((await letters(server, heidi.email, 'factor_changed')).filter(used).length, 2);
});

test('recovery codes are printed alone', async (t) => {
  const { page, codes } = await withApp(t, 'ivan');
  assert.equal(codes.length, 10);
  const shown = (selector) => page.locator(selector).evaluateAll((found) => found.map((one) => one.checkVisibility()));
  const around = ['.side', '.foot', '#onward'];
  for (const selector of around) assert.deepEqual(await shown(selector), [true], selector);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ media: 'print', colorScheme });
    assert.deepEqual(await shown('#codes code'), Array(10).fill(true));
    assert.match(await page.innerText('main'), /ivan@example\.test/, 'what they are for');
    for (const selector of around) assert.deepEqual(await shown(selector), [false], selector);
  }
  await page.emulateMedia({ media: null, colorScheme: null });
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  assert.match(pdf, /\/Count 1\b/, 'on one sheet');
});

test('a browser that is remembered asks once, another one always, and one that is forgotten again', async (t) => {
  const judy = await withApp(t, 'judy');
  const page = await newPage(t);
  await password(page, judy);
  await asked(page);
  await page.check('#remember');
  await page.fill('#code', totp(judy.secret));
  await page.click('#continue');
  await inTheApp(page, judy);
  await signOut(page);
  await password(page, judy);
  await inTheApp(page, judy);

  const other = await newPage(t);
  await password(other, judy);
  await asked(other);

  await page.goto(`${server.issuer}/account/sessions`);
  assert.equal(await page.locator('#remembered > li').count(), 1);
  await page.click('#forget-it-1');
  await page.locator('#sessions').waitFor();
  assert.equal(await page.locator('#remembered').count(), 0);
  await signOut(page);
  await password(page, judy);
  await asked(page);
});
