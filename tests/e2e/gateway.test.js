/** `symbolon gateway` before the dragons API and one that tells what it was asked, with an app of one page in a real Chromium. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, pictures, profile } from './support/browser.js';
import { Gateway, echo } from './support/gateway.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const PAGE = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><script src="/app.js"></script><p id="who">…</p>';
const SCRIPT = `
globalThis.look = async () => {
  const answer = await fetch('/session');
  globalThis.session = answer.ok ? await answer.json() : undefined;
  document.querySelector('#who').textContent = session?.user.name ?? 'nobody';
};
globalThis.call = async (path, options = {}) => {
  const headers = { 'x-csrf-token': session?.csrf_token ?? '', ...options.headers };
  const answer = await fetch(path, { ...options, headers });
  return { status: answer.status, body: await answer.text() };
};
addEventListener('DOMContentLoaded', look);
`;
const ECHO = 'https://echo.example.test';

let server, api, gateway, browser, stranger;

/** A page of another site, which does what it is told to. */
async function foreign() {
  const listener = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Evil</title><link rel="icon" href="data:,">'));
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  // Another host name than the gateway's, so another site.
  return { url: `http://127.0.0.1:${listener.address().port}`, stop: () => listener.close() };
}

before(async () => {
  server = await Server.start();
  api = await echo();
  browser = await launch();
  stranger = await foreign();
  await server.command(['api', 'add', ECHO, '--name', 'Echo', '--scope', 'echo=Hear oneself']);
  gateway = await Gateway.start(server, {
    files: { 'index.html': PAGE, 'app.js': SCRIPT },
    apis: [
      { path: '/api', url: `${server.api}/api`, audience: server.api, scope: 'read:dragons' },
      { path: '/echo', url: api.url, audience: ECHO, scope: 'echo' },
    ],
  });
});
after(async () => {
  await browser?.close();
  await Promise.all([gateway?.stop(), api?.stop(), stranger?.stop()]);
  await server?.stop();
});

async function signedIn(t, options) {
  const context = await profile(t, browser, options);
  const page = await context.newPage();
  await page.goto(`${gateway.url}/login?return_to=/deep/page%3Fx=1`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText(ADMIN.name).waitFor();
  return page;
}

const call = (page, path, options) => page.evaluate(([path, options]) => call(path, options), [path, options]);
const cookies = async (page) => (await page.context().cookies(gateway.url)).filter(({ name }) => name.startsWith('symbolon-gateway'));
const who = (page) => page.locator('#who').innerText();

test('a person signs in, reloads, calls APIs, and no token is in the page', async (t) => {
  const page = await signedIn(t);
  assert.equal(page.url(), `${gateway.url}/deep/page?x=1`);
  const [cookie, ...others] = await cookies(page);
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, others.length], [true, 'Strict', 0]);
  await page.reload();
  await page.getByText(ADMIN.name).waitFor();
  const session = await page.evaluate(() => session);
  assert.deepEqual([session.user.email, session.claims.sub, session.claims.roles.includes('admin')], [ADMIN.email, session.user.sub, true]);
  assert.ok(session.expires_in > 40_000 && session.scope.includes('read:dragons'));
  const account = JSON.parse((await call(page, '/user/current')).body);
  assert.deepEqual([account.fullName, account.status, account.href], [ADMIN.name, 'ENABLED', `${gateway.url}/user/current`]);
  const dragons = await call(page, '/api/dragons');
  assert.deepEqual([dragons.status, JSON.parse(dragons.body).length], [200, 3]);
  assert.equal((await call(page, '/api/nothing')).status, 404);
  // All that a planted script can read: the page's stores, cookies, what the gateway answers.
  const seen = await page.evaluate(async () => {
    const answers = await Promise.all(['/session', '/user/current', '/jwks.json', '/api/dragons'].map(async (path) => (await fetch(path)).text()));
    return JSON.stringify([answers, document.cookie, { ...localStorage }, { ...sessionStorage }, location.href, performance.getEntries().map(({ name }) => name)]);
  });
  assert.doesNotMatch(seen, /eyJ[\w-]+\.|sym_(at|rt|se|sv)_/);
  assert.doesNotMatch(gateway.said, /eyJ|sym_rt|code=|x=1/);
});

test('an API hears the gateway and nothing of the browser, and its answer speaks for no other origin', async (t) => {
  const page = await signedIn(t);
  const answered = await call(page, '/echo/a%20b?q=%2F', { method: 'POST', body: 'x'.repeat(100_000), headers: { 'x-forwarded-user': 'root', 'x-http-method-override': 'DELETE', accept: 'text/x' } });
  const { method, url, headers, length } = JSON.parse(answered.body);
  assert.deepEqual([method, url, length, headers.accept], ['POST', '/a%20b?q=%2F', 100_000, 'text/x']);
  assert.match(headers.authorization, /^Bearer ey/);
  assert.equal(headers['x-forwarded-host'], new URL(gateway.url).host);
  for (const name of ['cookie', 'origin', 'referer', 'x-csrf-token', 'x-forwarded-user', 'x-http-method-override', 'sec-fetch-site']) assert.equal(headers[name], undefined, name);
  const before = await cookies(page);
  const { status, all } = await page.evaluate(async () => {
    const answer = await fetch('/echo/planted');
    return { status: answer.status, all: Object.fromEntries(answer.headers) };
  });
  assert.deepEqual([status, all['access-control-allow-origin'], all['content-security-policy'].includes('sandbox')], [200, undefined, true]);
  assert.deepEqual(await cookies(page), before);
  // No redirect is followed here; the browser is told, and its way within the API is the gateway's.
  const context = page.context();
  const redirect = async (path) => (await context.request.get(`${gateway.url}${path}`, { maxRedirects: 0 })).headers().location;
  assert.deepEqual([await redirect('/echo/away'), await redirect('/echo/within')], ['http://127.0.0.1:1/elsewhere', '/echo/next']);
  // As it stands: a browser would tidy up the path itself.
  const { hostname, port } = new URL(gateway.url);
  const cookie = (await cookies(page)).map(({ name, value }) => `${name}=${value}`).join('; ');
  const raw = (path) => new Promise((done, failed) => request({ hostname, port, path, headers: { cookie } }, (answer) => done(answer.resume().statusCode)).on('error', failed).end());
  assert.equal(await raw('/echo/x'), 200);
  const calls = api.calls.length;
  for (const path of ['/echo/..%2fx', '/echo/%2e%2e/x', '/echo/../api/x', '/echo//x', '/echo/a%5cb', '/echo/%252e%252e/x']) assert.equal(await raw(path), 400, path);
  assert.equal(api.calls.length, calls);
  assert.equal((await call(page, '/echo/x', { method: 'POST', body: 'x'.repeat(11 << 20) })).status, 413);
});

test('twenty calls at once bring one new token', async (t) => {
  const page = await signedIn(t);
  const begun = api.calls.length;
  const statuses = await page.evaluate(() => Promise.all(Array.from({ length: 20 }, async (_, n) => (await call(`/echo/${n}`)).status)));
  assert.deepEqual([...new Set(statuses)], [200]);
  const tokens = new Set(api.calls.slice(begun).map(({ headers }) => headers.authorization));
  assert.deepEqual([api.calls.length - begun, tokens.size], [20, 1]);
});

test('sessions outlive a kill -9, and one that was signed out does not come back', async (t) => {
  const [stays, goes] = [await signedIn(t), await signedIn(t)];
  assert.equal((await call(goes, '/logout', { method: 'POST' })).status, 200);
  await gateway.crash();
  await stays.reload();
  await stays.getByText(ADMIN.name).waitFor();
  assert.equal((await call(stays, '/api/dragons')).status, 200);
  assert.equal((await call(stays, '/echo/x')).status, 200);
  assert.equal((await call(goes, '/session')).status, 401);
});

test('signing out ends the session here and at the issuer, and the old cookie is worth nothing', async (t) => {
  const page = await signedIn(t);
  const old = await cookies(page);
  const { body } = await call(page, '/logout', { method: 'POST' });
  assert.doesNotMatch(body, /eyJ/);
  await page.goto(JSON.parse(body).continue);
  await page.waitForURL(`${gateway.url}/`);
  assert.equal(await who(page), 'nobody');
  await page.context().addCookies(old);
  assert.equal((await call(page, '/session')).status, 401);
  await page.goto(`${gateway.url}/login`);
  await page.locator('input[name=password]').waitFor();
});

test('a form of the app signs out, too', async (t) => {
  const page = await signedIn(t);
  await page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '/logout' });
    form.append(Object.assign(document.createElement('input'), { name: 'csrf_token', value: session.csrf_token }));
    document.body.append(form);
    form.submit();
  });
  await page.waitForURL(`${gateway.url}/`);
  await page.getByText('nobody').waitFor();
});

test('a link to the sign-out asks, and its form signs out here and at the issuer without any script', async (t) => {
  const page = await signedIn(t);
  const other = await page.context().newPage();
  // Of another site, a link asks as well, and changes nothing.
  await other.goto(stranger.url);
  await other.evaluate((to) => location.assign(to), `${gateway.url}/logout`);
  await other.locator('#sign-out').waitFor();
  assert.equal((await call(page, '/session')).status, 200);
  await page.goto(`${gateway.url}/logout?post_logout_redirect_uri=${encodeURIComponent(`${gateway.url}/deep/bye?x="1"`)}`);
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
  assert.equal((await page.request.get(`${gateway.url}/session`)).status(), 200);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('nobody').waitFor();
  assert.equal(page.url(), `${gateway.url}/deep/bye?x=%221%22`);
  assert.equal((await call(page, '/session')).status, 401);
  await page.goto(`${server.issuer}/account`);
  await page.locator('input[name=password]').waitFor();
});

test('who signs out elsewhere is signed out here, and nobody else can say so', async (t) => {
  const page = await signedIn(t);
  for (const logout_token of ['', 'x.y.z', 'eyJhbGciOiJub25lIn0.e30.']) {
    const refused = await fetch(`${gateway.url}/backchannel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token }) });
    assert.equal(refused.status, 400);
  }
  assert.equal((await call(page, '/session')).status, 200);
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(`${server.issuer}/logout`);
  await elsewhere.click('main button[type=submit]');
  await elsewhere.getByRole('heading', { name: 'You are signed out' }).waitFor();
  const until = Date.now() + 10_000;
  let status;
  do ({ status } = await call(page, '/api/dragons'));
  while (status !== 401 && Date.now() < until);
  assert.equal(status, 401);
});

test("another site's page changes nothing: form, image, fetch, with and without the cookie", async (t) => {
  const page = await signedIn(t, { tolerate: /CORS|Content Security Policy|blocked|sandbox/ });
  const begun = api.calls.length;
  const evil = await page.context().newPage();
  await evil.goto(stranger.url);
  const tried = await evil.evaluate(async (target) => {
    const image = await new Promise((done) => Object.assign(new Image(), { onload: () => done('loaded'), onerror: () => done('failed'), src: `${target}/echo/image` }));
    const tries = [{ mode: 'no-cors' }, { mode: 'cors' }].flatMap((one) => ['GET', 'POST'].map((method) => fetch(`${target}/echo/forged`, { ...one, method, credentials: 'include' }).then(() => 'answered', () => 'refused')));
    const withHeader = fetch(`${target}/echo/forged`, { method: 'DELETE', credentials: 'include', headers: { 'x-csrf-token': 'guess' } }).then(() => 'answered', () => 'refused');
    return [image, ...(await Promise.all([...tries, withHeader]))];
  }, gateway.url);
  assert.deepEqual(tried, ['failed', 'refused', 'refused', 'refused', 'refused', 'refused']);
  for (const path of ['/echo/form', '/logout', '/login', '/callback', '/backchannel-logout']) {
    await evil.goto(stranger.url);
    await evil.evaluate(([target, path]) => {
      document.body.innerHTML = `<form method="post" action="${target}${path}"><input name="csrf_token" value="guess"></form>`;
      document.querySelector('form').submit();
    }, [gateway.url, path]);
    await evil.waitForURL(`${gateway.url}${path}`);
  }
  assert.equal(api.calls.length, begun);
  await page.reload();
  await page.getByText(ADMIN.name).waitFor();
  // Beside the browser's own fences: the headers alone, with the cookie, as an old browser would send it.
  const cookie = (await cookies(page)).map(({ name, value }) => `${name}=${value}`).join('; ');
  const { csrf_token: token } = await page.evaluate(() => session);
  const send = async (method, headers) => (await fetch(`${gateway.url}/echo/x`, { method, headers: { cookie, ...headers } })).status;
  for (const [method, headers] of [
    ['POST', {}],
    ['POST', { origin: gateway.url }],
    ['POST', { origin: stranger.url, 'x-csrf-token': token }],
    ['POST', { 'sec-fetch-site': 'cross-site', 'x-csrf-token': token }],
    ['POST', { 'sec-fetch-site': 'same-site', 'x-csrf-token': token }],
    ['POST', { origin: gateway.url, 'x-csrf-token': 'x'.repeat(43) }],
    ['DELETE', { origin: 'null', 'x-csrf-token': token }],
    ['GET', { 'sec-fetch-site': 'cross-site' }],
    ['GET', { 'sec-fetch-site': 'same-site' }],
  ]) assert.equal(await send(method, headers), 403, `${method} ${JSON.stringify(headers)}`);
  assert.equal(api.calls.length, begun);
  assert.equal(await send('POST', { origin: gateway.url, 'x-csrf-token': token }), 200);
});

test('an answer that was got in another browser signs nobody in here', async (t) => {
  const mallory = await server.addUser('mallory@example.test', 'Mallory', 'a code for somebody else');
  const attacker = new Visitor();
  const page = await attacker.get(`${gateway.url}/login`);
  const forged = await attacker.submit(page, '/login', { username: mallory.email, password: mallory.password }, { stop: (url) => url.startsWith(`${gateway.url}/callback`) });
  assert.match(forged.url, /code=/);
  const context = await profile(t, browser);
  const victim = await context.newPage();
  for (const begin of [false, true]) {
    if (begin) await victim.goto(`${gateway.url}/login`);
    await victim.goto(forged.url);
    await victim.getByRole('heading', { name: 'This sign-in was not begun here' }).waitFor();
    assert.deepEqual((await cookies(victim)).filter(({ name }) => !name.includes('sign-in')), []);
  }
  await accessible(victim, 'not-asked');
  await pictures(victim, 'gateway-not-asked');
  // In the browser that asked it counts, once.
  const arrived = await attacker.get(forged.url);
  assert.equal(arrived.status, 200);
  assert.equal((await attacker.send('GET', forged.url)).status, 400);
});

test('who says no is told so, and a way back leads to the app only', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(`${gateway.url}/login`);
  await page.click('button[name=decision][value=deny]');
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  await accessible(page, 'gateway-declined');
  await pictures(page, 'gateway-declined');
  await page.click('#again');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText(ADMIN.name).waitFor();
  for (const to of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', `${gateway.url}.evil.example/`]) {
    await page.goto(`${gateway.url}/login?return_to=${encodeURIComponent(to)}`);
    await page.waitForURL(`${gateway.url}/`);
  }
});

test('each page of the gateway’s own is for everybody', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const looked = async (name, heading) => {
    await page.getByRole('heading', { name: heading }).waitFor();
    await accessible(page, name);
    await pictures(page, `gateway-${name}`);
  };
  await page.goto(`${gateway.url}/login?return_to=/a&return_to=/b`);
  await looked('malformed', 'This address cannot be read');
  // A sign-in up to its answer, which says something else then.
  const visitor = new Visitor();
  const stop = (url) => url.startsWith(`${gateway.url}/callback`);
  const { url } = await visitor.submit(await visitor.get(`${gateway.url}/login`), '/login', {}, { button: ['decision', 'deny'], stop });
  const begun = [...visitor.cookies.get('localhost')].filter(([name]) => name.startsWith('symbolon-gateway'));
  await page.context().addCookies(begun.map(([name, value]) => ({ name, value, url: gateway.url })));
  await page.goto(url.replace('error=access_denied', 'error=server_error'));
  await looked('failed', 'Signing in did not work');
  await page.goto(`${gateway.url}/login?prompt=none`);
  await looked('sign-in-needed', 'You are not signed in');
  await page.context().clearCookies();
  await page.goto(`${gateway.url}/login`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText(ADMIN.name).waitFor();
  await page.goto(`${gateway.url}/logout`);
  await looked('sign-out', 'Sign out?');
  // Goes on by itself, but for a browser that is kept from it.
  const { body } = await new Visitor().send('GET', `${gateway.url}/logout`, undefined, { 'sec-fetch-site': 'cross-site' });
  await page.route('**/logout', (route) => route.fulfill({ contentType: 'text/html', body: body.replace(/<meta http-equiv="refresh"[^>]*>/, '') }), { times: 1 });
  await page.goto(`${gateway.url}/logout`);
  await looked('from-elsewhere', 'Sign out?');
  await page.click('#continue');
  await page.locator('#sign-out').waitFor();
  await page.click('#home');
  await page.getByText(ADMIN.name).waitFor();
});
