/** What ships: types that are the source's, one dependency, files that can be read. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const tsc = (...args) => execFileSync(join(root, 'node_modules/.bin/tsc'), args);
const files = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();

test('types/ is what the source says', (t) => {
  const out = mkdtempSync(join(tmpdir(), 'symbolon-guard-'));
  t.after(() => rmSync(out, { recursive: true }));
  tsc('--project', join(root, 'tsconfig.json'), '--outDir', out);
  assert.deepEqual(files(out), files(join(root, 'types')), 'run: npm run types');
  for (const file of files(out)) assert.equal(readFileSync(join(out, file), 'utf8'), read(`types/${file}`), 'run: npm run types');
});

test('the types fit how an API uses them', () => {
  tsc('--project', join(root, 'test/types/tsconfig.json'));
});

test('it depends on jose and on nothing else', () => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json'));
  assert.deepEqual([Object.keys(dependencies), peerDependencies], [['jose'], undefined]);
  const allowed = /^(jose|node:[a-z]+|\.{1,2}\/.*\.js)$/;
  for (const file of files(join(root, 'src')))
    for (const [, from] of read(`src/${file}`).matchAll(/^(?:import|export) .*from '([^']+)'/gm)) assert.match(from, allowed, file);
});

test('the clock and random numbers are asked in clock.js only', () => {
  for (const file of files(join(root, 'src')))
    if (file !== 'clock.js') assert.doesNotMatch(read(`src/${file}`), /Date\.now|new Date\(\)|performance\.|Math\.random|set(Timeout|Interval)/, file);
});

test('no source file is long, and each says what it is', () => {
  for (const file of files(join(root, 'src'))) {
    const text = read(`src/${file}`);
    assert.ok(text.split('\n').length <= 400, file);
    assert.ok(text.startsWith('/**'), file);
    for (const [index, line] of text.split('\n').entries()) assert.ok(line.length <= 140, `${file}:${index + 1}`);
  }
});

test('the options of the README are those that there are, with their defaults', async () => {
  const { checkedOptions } = await import('../src/options.js');
  const rows = [...read('README.md').matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name, otherwise]) => [name, otherwise.trim()]);
  const settings = checkedOptions({ issuer: 'https://a.example', audience: 'b' });
  const known = Object.keys(settings);
  const documented = rows.filter(([name]) => known.includes(name));
  assert.deepEqual(documented.map(([name]) => name).sort(), known.sort());
  for (const [name, otherwise] of documented) {
    const said = /^`(.*)`$/.exec(otherwise)?.[1];
    if (said !== undefined) assert.equal(said.replace(/^'|'$/g, ''), String(settings[name]), name);
  }
});

test('a process that only has a guard ends by itself', () => {
  const script = `import { createGuard } from '${join(root, 'src/guard.js')}';
    const guard = createGuard({ issuer: 'http://127.0.0.1:9', audience: 'a' });
    await guard.ready().catch(() => {}); console.log('ready');`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] });
  assert.equal(String(said), 'ready\n');
});
