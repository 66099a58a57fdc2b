/** The manual's examples are run as they stand: a page that shows what does not work fails. `support/manual.js` says how. */

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { play, read } from './support/manual.js';
import { Server } from './support/server.js';

const MANUAL = 'docs/manual';
const flows = (await readdir(join(import.meta.dirname, '../..', MANUAL, 'flows'))).filter((name) => name.endsWith('.md')).sort();
const pages = await Promise.all([...flows.map((name) => `${MANUAL}/flows/${name}`), `${MANUAL}/factors.md`, `${MANUAL}/gateway.md`, `${MANUAL}/logout.md`, `${MANUAL}/migrating-from-auth0.md`, `${MANUAL}/realtime.md`, `${MANUAL}/cookie-mode.md`, `${MANUAL}/sign-up.md`].map(read));

for (const page of pages.filter(({ world }) => world !== undefined)) {
  test(page.path, async (t) => {
    const server = await Server.start({ settings: page.settings });
    t.after(() => server.stop());
    const blocks = await play(page, server);
    assert.ok(blocks > 0, 'nothing was run');
    t.diagnostic(`${blocks} examples`);
  });
}

test('an example that nobody runs says why', () => {
  const silent = pages.filter(({ world }) => world === undefined).flatMap(({ path, steps }) => steps.map(({ at }) => `${path}:${at}`));
  assert.deepEqual(silent, [], 'a page without a world has blocks of sh or js, and no reason');
});
