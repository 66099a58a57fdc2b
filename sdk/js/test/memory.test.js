/** The worker that has the refresh token: it runs by itself, whatever a bundler has made of the source it travels as. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';

const TOKENS = 'https://auth.example.test/oauth/token';

/** How a build may rewrite the source: not at all, or as the Angular CLI does, with helpers of its own. */
const BUILDS = {
  'as it is': {},
  'without spread': { supported: { 'object-rest-spread': false } },
  'without spread and async': { supported: { 'object-rest-spread': false, 'async-await': false } },
  'for a browser of 2015': { target: 'es2015' },
  'with the names of functions': { keepNames: true },
};

/** A page whose workers are scopes of their own. `sent` is what they have sent. */
function pageOf(sent) {
  class Worker {
    constructor(blob) {
      this.begun = blob.text().then((script) => {
        const fetch = async (url, { body }) => {
          sent.push(Object.fromEntries(body));
          return Response.json({ access_token: 'short', refresh_token: `secret-${sent.length}` });
        };
        this.scope = createContext({ fetch, URLSearchParams, postMessage: (data) => this.onmessage({ data }) });
        runInContext(script, this.scope);
      });
      this.begun.catch((error) => this.onerror(error));
    }

    postMessage(data) {
      this.begun.then(() => this.scope.onmessage({ data }));
    }
  }
  return { Worker, URL: { createObjectURL: (blob) => blob }, fetch: () => assert.fail('the page has sent it') };
}

for (const [name, options] of Object.entries(BUILDS))
  test(`${name}: the worker keeps the refresh token to itself, and puts it in where the page says "kept"`, async () => {
    const entry = join(import.meta.dirname, '../src/storage/memory.js');
    const made = await build({ entryPoints: [entry], bundle: true, format: 'esm', minify: true, write: false, ...options });
    const { keep } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].text).toString('base64')}`);
    const sent = [];
    const send = await keep(pageOf(sent), [TOKENS]);
    const ask = async (form, url = TOKENS) => (await send(new Request(url, { method: 'POST', body: new URLSearchParams(form) }))).json();
    assert.deepEqual(await ask({ code: 'c' }), { access_token: 'short', refresh_token: 'kept' });
    assert.deepEqual(await ask({ refresh_token: 'kept' }), { access_token: 'short', refresh_token: 'kept' });
    await ask({ token: 'kept' });
    assert.deepEqual(sent, [{ code: 'c' }, { refresh_token: 'secret-1' }, { token: 'secret-2' }]);
    await assert.rejects(ask({ refresh_token: 'kept' }, 'https://evil.example.test/'), { message: 'no answer' });
    assert.equal(sent.length, 3);
  });
