/** What `symbolon client code` prints, put into a page as it stands: it signs in, and a browser runs no other bytes than it names. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { becomes, lendCors, settled } from './support/sdk.js';
import { ADMIN, binary, env, Server } from './support/server.js';

let server, browser, listener, origin, code;
/** What the page is. */
let html = '';

before(async () => {
  server = await Server.start();
  browser = await launch();
  listener = createServer((_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end(html));
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  origin = `http://localhost:${listener.address().port}`;
  await server.command(['client', 'add', '--spa', '--id', 'coded', '--name', 'Coded', '--redirect', `${origin}/`, '--api', `${server.api}=read:dragons`]);
  code = execFileSync(binary(), ['client', 'code', 'coded', '--data', server.data], { cwd: server.data, env, encoding: 'utf8' });
});
after(async () => {
  await browser?.close();
  listener?.closeAllConnections();
  listener?.close();
  await server?.stop();
});

/** The code in a page, which lends its `auth` to the test. */
const page = (text) => `<!doctype html><title>Coded</title><link rel="icon" href="data:,">${text.replace('await auth.start();', 'window.auth = auth;\nawait auth.start();')}`;

async function open(t, text, options, until = () => {}) {
  html = page(text);
  const one = await (await profile(t, browser, options)).newPage();
  await Promise.all([until(one), one.goto(origin)]);
  return one;
}

test('the page signs in as it stands, from files whose names and integrity are those of what is served', async (t) => {
  const { integrity } = JSON.parse(/<script type="importmap">([^]*?)<\/script>/.exec(code)[1]);
  assert.ok(Object.keys(integrity).length >= 4);
  for (const [url, value] of Object.entries(integrity)) {
    const hash = createHash('sha256').update(Buffer.from(await (await fetch(url)).arrayBuffer()));
    assert.equal(value, `sha256-${hash.digest('base64')}`, url);
  }
  const one = await open(t, code);
  await settled(one);
  await one.evaluate(() => void auth.login());
  await fillIn(one, ADMIN.email, ADMIN.password);
  await becomes(one, 'signed-in');
  assert.equal(await one.evaluate(() => auth.user.email), ADMIN.email);
});

test('so do the fifteen lines of the manual and the README, told another issuer, client and API', async (t) => {
  for (const path of ['docs/manual/browser.md', 'sdk/js/README.md']) {
    const text = await readFile(join(import.meta.dirname, '../..', path), 'utf8');
    const [, kind, block] = /```(html|js)\n([^]*?)```/.exec(text);
    const lines = kind === 'html' ? block : `<script type="module">\n${block}</script>`;
    const told = lines.replaceAll('https://auth.example.com', server.issuer).replaceAll('https://api.example.com', server.api).replace('dragons-spa', 'coded');
    html = `<!doctype html><title>Lines</title><link rel="icon" href="data:,"><p id="who"></p><p id="list"></p>
<button id="signIn">in</button><button id="signOut">out</button><button id="load">load</button>${told}`;
    const context = await profile(t, browser);
    await lendCors(context, server.api);
    const one = await context.newPage();
    await one.goto(origin);
    await one.getByText('signed out').waitFor();
    await one.click('#signIn');
    await fillIn(one, ADMIN.email, ADMIN.password);
    await one.getByText(ADMIN.name).waitFor();
    await one.click('#load');
    await one.getByText('Shenlong').waitFor();
    await one.click('#signOut');
    await one.getByText('signed out').waitFor();
  }
});

/** The import map says that a file is something else, as if somebody had changed it on the way. */
const changed = (name) => {
  const [whole, before, first] = new RegExp(`(${name}\\.[\\w-]+\\.js": "sha256-)(.)`).exec(code);
  return code.replace(whole, before + (first === 'A' ? 'B' : 'A'));
};

test('a core that was changed does not run', async (t) => {
  const refused = (one) => one.waitForEvent('console', (message) => /integrity/.test(message.text()));
  const one = await open(t, changed('symbolon'), { tolerate: /integrity/ }, refused);
  assert.equal(await one.evaluate(() => typeof window.auth), 'undefined');
});

test('nor does a part that is loaded later', async (t) => {
  const one = await open(t, changed('sign-in'), { tolerate: /integrity/ });
  await settled(one);
  assert.equal(await one.evaluate(() => auth.login().then(() => 'left', ({ code }) => code)), 'network');
  assert.ok(one.url().startsWith(origin));
});
