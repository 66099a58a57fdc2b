/**
 * Apps with other published libraries in a real Chromium, each told the issuer and its client id: oidc-client-ts, keycloak-js, and in an Angular
 * app angular-auth-oidc-client and @auth0/angular-jwt. How oidc-client-ts watches the session: browser-session.test.js.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { serverCertificate } from './support/certificates.js';
import { overTls, serveSite } from './support/site.js';
import { ADMIN, Server } from './support/server.js';

const find = createRequire(import.meta.url).resolve;
// Angular, and what stands on it, come from where the SDK's adapter for it is tested.
const SDK = join(import.meta.dirname, '../../sdk/js');
const { buildSync } = createRequire(join(SDK, 'package.json'))('esbuild');

let server, browser, plain, angular;
const client = {};

/** One script of a module and what it imports. */
function bundle(options) {
  const [{ text }] = buildSync({ bundle: true, write: false, format: 'iife', nodePaths: [join(SDK, 'node_modules')], ...options }).outputFiles;
  return text;
}

before(async () => {
  const oidcClientTs = await readFile(join(dirname(find('oidc-client-ts/package.json')), 'dist/browser/oidc-client-ts.js'));
  const keycloak = bundle({ stdin: { contents: "import Keycloak from 'keycloak-js'; globalThis.Keycloak = Keycloak;", resolveDir: import.meta.dirname } });
  const silent = '<!doctype html><title>Silent</title><script>parent.postMessage(location.href, location.origin)</script>';
  const callback = '<!doctype html><title>Silent</title><script src="/oidc.js"></script><script>new oidc.UserManager({ authority: "x", client_id: "x", redirect_uri: "x" }).signinSilentCallback()</script>';
  [server, browser, plain, angular] = await Promise.all([
    Server.start({ ...overTls, ca: serverCertificate }),
    launch(),
    serveSite({ '/oidc.js': oidcClientTs, '/keycloak.js': keycloak }, { '/silent': silent, '/silent-callback': callback }),
    serveSite({ '/app.js': bundle({ entryPoints: [join(import.meta.dirname, 'apps/angular-clients.js')] }) }),
  ]);
  const add = async (name, { origin }, ...flags) => {
    const places = ['--redirect', `${origin}/callback`, '--redirect', `${origin}/silent`, '--redirect', `${origin}/silent-callback`, '--post-logout', `${origin}/bye`, '--origin', origin];
    return (await server.command(['client', 'add', '--spa', '--name', name, ...places, '--api', `${server.api}=read:dragons`, ...flags])).client.client_id;
  };
  client.oidc = await add('oidc-client-ts', plain);
  client.keycloak = await add('keycloak-js', plain, '--preset', 'keycloak', '--default-api', server.api);
  client.angular = await add('Angular', angular);
});
after(async () => {
  await browser?.close();
  for (const site of [plain, angular]) site?.close();
  await server?.stop();
});

const open = async (t, { origin }) => {
  const page = await (await profile(t, browser, { ignoreHTTPSErrors: true })).newPage();
  await page.goto(`${origin}/`);
  return page;
};

/** Through the hosted page and back to the app. */
async function signIn(page, { origin }) {
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL((url) => url.origin === origin && url.pathname === '/callback');
}

/** Whether the sample API lets a token in. */
const dragons = async (token) => (await fetch(`${server.api}/api/dragons`, { headers: { authorization: `Bearer ${token}` } })).status;
const facts = (site, clientId) => ({ authority: server.issuer, clientId, origin: site.origin, audience: server.api });

test('oidc-client-ts: redirect, userinfo, renewal by refresh token and in a frame, revocation, sign-out', async (t) => {
  const page = await open(t, plain);
  const prepare = ({ authority, clientId, origin, audience }) => {
    globalThis.manager = (scope) =>
      new oidc.UserManager({
        authority, client_id: clientId, redirect_uri: `${origin}/callback`, silent_redirect_uri: `${origin}/silent-callback`, post_logout_redirect_uri: `${origin}/bye`,
        scope, automaticSilentRenew: false, loadUserInfo: true, extraQueryParams: { audience }, revokeTokensOnSignout: true,
        userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
      });
  };
  const all = 'openid profile email offline_access read:dragons';
  const known = facts(plain, client.oidc);
  await page.evaluate(prepare, known);
  await page.evaluate((scope) => void manager(scope).signinRedirect(), all);
  await signIn(page, plain);
  await page.evaluate(prepare, known);
  const first = await page.evaluate((scope) => manager(scope).signinRedirectCallback(), all);
  assert.deepEqual([first.profile.email, first.profile.name], [ADMIN.email, ADMIN.name], 'from userinfo');
  const renewed = await page.evaluate((scope) => manager(scope).signinSilent(), all);
  assert.notEqual(renewed.access_token, first.access_token);
  assert.equal(await dragons(renewed.access_token), 200);
  const framed = await page.evaluate(async () => {
    const some = manager('openid profile read:dragons');
    await some.removeUser();
    return some.signinSilent();
  });
  assert.equal(framed.profile.sub, first.profile.sub);
  assert.equal(framed.refresh_token, undefined);
  await page.evaluate(() => void manager('openid').signoutRedirect());
  await page.waitForURL((url) => url.href.startsWith(`${plain.origin}/bye`));
  await page.evaluate(prepare, known);
  const over = await page.evaluate(() => manager('openid').signinSilent().catch(({ error }) => error));
  assert.equal(over, 'login_required');
});

// It reads refresh tokens as JWTs, which only Keycloak's are (RFC 6749 §1.5: "usually opaque to the client"): without offline_access there is none.
test('keycloak-js: check-sso, login, userinfo, renewal, logout', async (t) => {
  const page = await open(t, plain);
  const begin = ({ authority, clientId, origin }) => {
    globalThis.kc = new Keycloak({ oidcProvider: authority, clientId });
    // What Keycloak's own server has beyond the standard is left off: the frame that watches its session.
    return kc.init({ onLoad: 'check-sso', silentCheckSsoRedirectUri: `${origin}/silent`, checkLoginIframe: false, pkceMethod: 'S256' });
  };
  const known = facts(plain, client.keycloak);
  assert.equal(await page.evaluate(begin, known), false, 'nobody is signed in, and no page was shown');
  await page.evaluate(({ origin }) => void kc.login({ redirectUri: `${origin}/callback`, scope: 'profile email read:dragons' }), known);
  await signIn(page, plain);
  assert.equal(await page.evaluate(begin, known), true);
  const first = await page.evaluate(() => ({ token: kc.token, id: kc.idTokenParsed, access: kc.tokenParsed }));
  assert.deepEqual([first.id.iss, first.access.aud], [server.issuer, [server.api, `${server.issuer}/userinfo`]]);
  assert.equal(await dragons(first.token), 200);
  assert.equal((await page.evaluate(() => kc.loadUserInfo())).email, ADMIN.email);
  await page.goto(`${plain.origin}/`);
  assert.equal(await page.evaluate(begin, known), true, 'signed in still, found in a hidden frame');
  assert.notEqual(await page.evaluate(() => kc.token), first.token);
  await page.evaluate(({ origin }) => void kc.logout({ redirectUri: `${origin}/bye` }), known);
  await page.waitForURL(`${plain.origin}/bye`);
  assert.equal(await page.evaluate(begin, known), false);
});

test('angular-auth-oidc-client: sign-in, interceptor, renewal, sign-out; @auth0/angular-jwt sends and reads the token', async (t) => {
  const page = await open(t, angular);
  const known = facts(angular, client.angular);
  await page.evaluate((facts) => start(facts), known);
  assert.equal((await page.evaluate(() => app.check())).isAuthenticated, false);
  assert.equal((await page.evaluate(() => app.get('/api/oidc'))).authorization, null);
  await page.evaluate(() => app.authorize());
  await signIn(page, angular);
  await page.evaluate((facts) => start(facts), known);
  const signedIn = await page.evaluate(() => app.check());
  assert.equal(signedIn.errorMessage ?? '', '');
  assert.deepEqual([signedIn.isAuthenticated, signedIn.userData.email], [true, ADMIN.email]);
  assert.equal((await page.evaluate(() => app.get('/api/oidc'))).authorization, `Bearer ${signedIn.accessToken}`);
  assert.equal(await dragons(signedIn.accessToken), 200);
  const renewed = await page.evaluate(() => app.renew());
  assert.notEqual(renewed.accessToken, signedIn.accessToken);
  assert.equal(await dragons(renewed.accessToken), 200);

  const read = await page.evaluate((token) => (app.keep(token), app.read(token)), renewed.accessToken);
  assert.deepEqual([read.claims.iss, read.claims.sub, read.expired], [server.issuer, renewed.userData.sub, false]);
  assert.equal((await page.evaluate(() => app.get('/api/jwt'))).authorization, `Bearer ${renewed.accessToken}`);

  await page.evaluate(() => void app.leave());
  await page.waitForURL((url) => url.href.startsWith(`${angular.origin}/bye`));
  await page.evaluate((facts) => start(facts), known);
  assert.equal((await page.evaluate(() => app.check())).isAuthenticated, false);
});
