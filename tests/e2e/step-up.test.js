/** An API that wants a fresh sign-in (RFC 9470): its guard, the SDK in a real Chromium and the issuer, from the refusal to the answer. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createGuard } from '../../sdk/node-guard/src/guard.js';
import { fillIn, launch, profile } from './support/browser.js';
import { becomes, settled, signIn } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

/** What the API wants: a sign-in not longer ago. */
const MAX_AGE_SECS = 5;

let server, browser, app, api, guard;

const listening = async (handle) => {
  const listener = createServer(handle);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { listener, origin: `http://localhost:${listener.address().port}` };
};

before(async () => {
  server = await Server.start();
  browser = await launch();
  app = await listening((_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end(page()));
  api = await listening((request, response) => serve(request, response));
  await server.command(['api', 'add', api.origin, '--name', 'Bank', '--scope', 'pay=Pay']);
  await server.command(['client', 'add', '--spa', '--id', 'bank', '--name', 'Bank', '--redirect', `${app.origin}/`, '--api', `${api.origin}=pay`]);
  guard = createGuard({ issuer: server.issuer, audience: api.origin, leeway: 0 });
  await guard.ready();
});
after(async () => {
  await browser?.close();
  guard?.close();
  for (const { listener } of [app, api].filter(Boolean)) {
    listener.closeAllConnections();
    listener.close();
  }
  await server?.stop();
});

const page = () => `<!doctype html><title>Bank</title><link rel="icon" href="data:,"><script type="module">
import { createAuth } from '${server.issuer}/sdk/v1/symbolon.js';
window.auth = createAuth({ issuer: '${server.issuer}', clientId: 'bank', dpop: false, apis: { '${api.origin}': { scope: 'pay' } } });
auth.start();
</script>`;

function serve(request, response) {
  response.setHeader('access-control-allow-origin', app.origin);
  response.setHeader('access-control-allow-headers', 'Authorization');
  response.setHeader('access-control-expose-headers', 'WWW-Authenticate');
  if (request.method === 'OPTIONS') return response.writeHead(204).end();
  guard(request, response, () => guard.maxAge(MAX_AGE_SECS)(request, response, () => response.end('paid')));
}

const pay = (page, init) => page.evaluate(([url, init]) => auth.fetch(url, init).then(({ status }) => status), [`${api.origin}/pay`, init]);

test('who signed in too long ago signs in again, comes back, and may', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(app.origin);
  await settled(page);
  await signIn(page, ADMIN);
  let status = 200;
  for (const until = Date.now() + 15_000; status === 200 && Date.now() < until; ) status = await pay(page, { stepUp: 'manual' });
  assert.equal(status, 401, 'the sign-in is too old for it by now');

  // A sign-in of the last seconds is not asked for again: as when a minute has passed.
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 60_000;
  });
  await page.evaluate(() => history.replaceState(null, '', '?order=7'));
  const question = page.waitForRequest((request) => request.url().startsWith(`${server.issuer}/authorize`));
  await page.evaluate((url) => void auth.fetch(url), `${api.origin}/pay`);
  assert.equal(new URL((await question).url()).searchParams.get('max_age'), `${MAX_AGE_SECS}`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await becomes(page, 'signed-in');
  assert.equal(page.url(), `${app.origin}/?order=7`);
  assert.equal(await pay(page), 200);
});
