/** People make their own accounts: a published client asks for it, the letter is read where the developer reads it, a browser goes through the pages. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { accessible, launch, pictures, profile } from './support/browser.js';
import { App } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const HOME = 'http://localhost:9/callback'; // nothing listens there: redirects end before it
const PASSWORD = 'seven calm otters knit';
const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback
const atHome = (url) => url.startsWith('http://localhost:9/');

let server;
let browser;
let client;

before(async () => {
  server = await Server.start();
  browser = await launch();
  const added = await server.command(['client', 'add', '--web', '--name', 'Dragon care', '--redirect', HOME]);
  client = { id: added.client.client_id, secret: added.client_secret };
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The newest letter to an address, once it is there: letters go out behind the answer. */
async function letter(to, template) {
  for (let turn = 0; turn < 200; turn++) {
    const { letters } = await (await fetch(`${server.issuer}/dev/mail.json`)).json();
    const found = letters.find((one) => one.to === to && one.template === template);
    if (found) return found;
    await new Promise((soon) => setTimeout(soon, 25));
  }
  throw new Error(`no letter ${template} to ${to}`);
}

const codeIn = ({ text }) => /^\s*(\d{8})\s*$/m.exec(text)[1];
const linkIn = ({ text }) => /https?:\/\/\S+\/signup\S+/.exec(text)[0];

async function begin(extra = {}) {
  const config = await oidc.discovery(new URL(server.issuer), client.id, {}, oidc.ClientSecretBasic(client.secret), insecure);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: HOME,
    scope: 'openid profile email',
    prompt: 'create',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  return { config, url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

/** What the client knows of the new account. */
async function arrived({ config, checks }, callback) {
  const tokens = await oidc.authorizationCodeGrant(config, new URL(callback), checks);
  const { email, email_verified, name } = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  return { email, email_verified, name, amr: tokens.claims().amr };
}

async function fillIn(page, email) {
  await page.fill('#email', email);
  await page.fill('#name', 'Grace Hopper');
  await page.fill('#password', PASSWORD);
  await page.fill('#password_confirm', PASSWORD);
  await page.click('button#create');
}

/** The address at the client to which a button leads; nobody answers there. */
async function homeward(page, button) {
  const asked = page.waitForRequest((request) => request.url().startsWith(HOME));
  await page.click(button);
  return (await asked).url();
}

test('openid-client: prompt=create, a real browser, the code in the letter, tokens of the new account', async (t) => {
  const started = await begin();
  assert.ok(started.config.serverMetadata().prompt_values_supported.includes('create'));
  const page = await (await profile(t, browser)).newPage();
  await page.goto(started.url.href);
  assert.equal(await page.locator('h1').innerText(), 'Create an account');
  await accessible(page, 'sign-up');
  await pictures(page, 'sign-up');
  await page.fill('#email', 'grace@example.test');
  await page.fill('#password', 'dragon');
  await page.fill('#password_confirm', 'dragon');
  await page.$eval('#sign-up', (form) => form.submit()); // past what the browser itself would say
  await page.locator('[role=alert]').waitFor();
  await accessible(page, 'sign-up-problem');
  await pictures(page, 'sign-up-problem');
  await fillIn(page, 'grace@example.test');
  await page.locator('#code').waitFor();
  assert.match(await page.locator('.lead').innerText(), /grace@example\.test/);
  await accessible(page, 'sign-up-code');
  await pictures(page, 'sign-up-code');
  await page.fill('#code', '000000');
  await page.click('#continue');
  await page.locator('[role=alert]').waitFor();
  await pictures(page, 'sign-up-code-wrong');
  await page.fill('#code', codeIn(await letter('grace@example.test', 'sign_up_code')));
  const known = await arrived(started, await homeward(page, '#continue'));
  assert.deepEqual(known, { email: 'grace@example.test', email_verified: true, name: 'Grace Hopper', amr: ['pwd'] });
});

test('without JavaScript: from the sign-in page, another code, back to the client', async () => {
  const started = await begin({ prompt: 'login' });
  const visitor = new Visitor();
  let page = await visitor.get(started.url.href, atHome);
  page = await visitor.submit(page, '/login', {}, { button: ['decision', 'create'] });
  const fields = { email: 'heidi@example.test', name: 'Heidi', password: PASSWORD, password_confirm: PASSWORD };
  page = await visitor.submit(page, '/signup', fields);
  const first = codeIn(await letter('heidi@example.test', 'sign_up_code'));
  page = await visitor.submit(page, '/signup/code', {}, { button: ['decision', 'again'] });
  assert.match(page.body, /Another letter is on its way/);
  let code = first;
  for (let turn = 0; code === first && turn < 200; turn++) {
    await new Promise((soon) => setTimeout(soon, 25));
    code = codeIn(await letter('heidi@example.test', 'sign_up_code'));
  }
  page = await visitor.submit(page, '/signup/code', { code }, { stop: atHome });
  assert.equal((await arrived(started, page.url)).email, 'heidi@example.test');
});

test('the link goes on in the browser that asked, and elsewhere wants the password', async (t) => {
  const started = await begin();
  const page = await (await profile(t, browser)).newPage();
  await page.goto(started.url.href);
  await fillIn(page, 'ivan@example.test');
  await page.locator('#code').waitFor();
  const link = linkIn(await letter('ivan@example.test', 'sign_up_code'));

  const phone = await (await profile(t, browser)).newPage();
  await phone.goto(link);
  assert.equal(await phone.locator('#password').count(), 1);
  await accessible(phone, 'sign-up-elsewhere');
  await pictures(phone, 'sign-up-elsewhere');

  await page.goto(link);
  await accessible(page, 'sign-up-confirm');
  await pictures(page, 'sign-up-confirm');
  assert.equal((await arrived(started, await homeward(page, '#create'))).email, 'ivan@example.test');

  await phone.fill('#password', PASSWORD);
  await phone.click('#create');
  await phone.locator('h1', { hasText: 'This link no longer works' }).waitFor();
});

test('whoever has an account hears of it by mail alone', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${server.issuer}/signup`);
  await fillIn(page, ADMIN.email);
  await page.locator('#code').waitFor();
  assert.match((await letter(ADMIN.email, 'address_known')).text, /this address has one/);
});

test('the SDK’s signup leads there', async (t) => {
  const app = await App.start(server);
  t.after(() => app.stop());
  const page = await app.page(await profile(t, browser), 'session');
  await page.evaluate(() => void window.auth.login({ signup: true }));
  await page.locator('h1', { hasText: 'Create an account' }).waitFor();
  await page.click('#sign-in');
  await page.locator('h1', { hasText: 'Sign in' }).waitFor();
  await accessible(page, 'login-sign-up');
  await pictures(page, 'login-sign-up');
});

test('an invitation: the address is fixed, and the account is there at once', async (t) => {
  const { link } = await server.command(['user', 'invite', 'judy@example.test', '--role', 'admin', '--mail']);
  assert.equal(linkIn(await letter('judy@example.test', 'invitation')), link);
  const page = await (await profile(t, browser)).newPage();
  await page.goto(link);
  assert.equal(await page.locator('#email').inputValue(), 'judy@example.test');
  await accessible(page, 'sign-up-invited');
  await pictures(page, 'sign-up-invited');
  await page.fill('#password', PASSWORD);
  await page.fill('#password_confirm', PASSWORD);
  await page.click('#create');
  await page.getByText('judy@example.test').first().waitFor();
  const { user } = await server.command(['user', 'show', 'judy@example.test']);
  assert.deepEqual([user.roles, user.email_verified], [['admin'], true]);
});
