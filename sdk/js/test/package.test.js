/** What ships: the served file is the source's, small, alone, and touches no global. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const tool = (name) => join(root, 'node_modules/.bin', name);
const BUDGET_BYTES = 6 * 1024;
const ADAPTER_BYTES = 1024;
const ADAPTER_LINES = 120;

/** A folder that is gone after the test. */
function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('dist/symbolon.js is what the source builds to', (t) => {
  const file = join(scratch(t), 'symbolon.js');
  execFileSync('npm', ['run', '--silent', 'build', '--', `--outfile=${file}`], { cwd: root });
  assert.equal(readFileSync(file, 'utf8'), read('dist/symbolon.js'), 'run: npm run build');
});

test('types/ is what the source says', (t) => {
  const out = scratch(t);
  execFileSync(tool('tsc'), ['--project', join(root, 'tsconfig.json'), '--outDir', out]);
  assert.deepEqual(readdirSync(out).sort(), readdirSync(join(root, 'types')).sort(), 'run: npm run types');
  for (const file of readdirSync(out))
    assert.equal(readFileSync(join(out, file), 'utf8'), read(`types/${file}`), 'run: npm run types');
});

test('the types fit how an application uses them', () => {
  execFileSync(tool('tsc'), ['--project', join(root, 'test/types/tsconfig.json')]);
});

test(`the served file is at most ${BUDGET_BYTES} bytes in gzip`, (t) => {
  const size = gzipSync(read('dist/symbolon.js'), { level: 9 }).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= BUDGET_BYTES, `${size} bytes`);
});

test('it depends on nothing and imports nothing', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json'));
  assert.equal(dependencies, undefined);
  for (const framework of Object.keys(peerDependencies)) assert.ok(peerDependenciesMeta[framework].optional, framework);
  assert.doesNotMatch(read('dist/symbolon.js'), /\bimport\b/);
});

for (const adapter of ['angular', 'react', 'vue'])
  test(`the adapter for ${adapter} is at most ${ADAPTER_BYTES} bytes in gzip and ${ADAPTER_LINES} lines`, (t) => {
    const build = ['--bundle', '--format=esm', '--minify', '--target=es2022', '--packages=external', '--external:./symbolon.js'];
    const text = execFileSync(tool('esbuild'), [join(root, `src/${adapter}.js`), ...build]);
    const size = gzipSync(text, { level: 9 }).length;
    t.diagnostic(`${size} bytes`);
    assert.ok(size <= ADAPTER_BYTES, `${size} bytes`);
    assert.ok(read(`src/${adapter}.js`).trimEnd().split('\n').length <= ADAPTER_LINES);
  });

test('importing and creating changes no global', async () => {
  const { createAuth } = await import('../dist/symbolon.js');
  const { OPTIONS, World } = await import('./support/world.js');
  const page = new World().tab().load();
  const before = Object.getOwnPropertyDescriptors(page);
  const globals = Reflect.ownKeys(globalThis).length;
  await createAuth(OPTIONS, page).start();
  assert.deepEqual(Object.getOwnPropertyDescriptors(page), before);
  assert.equal(Reflect.ownKeys(globalThis).length, globals);
});

test('no source file is long, and each says what it is', () => {
  for (const file of readdirSync(join(root, 'src'))) {
    const text = read(`src/${file}`);
    assert.ok(text.split('\n').length <= 500, file);
    assert.ok(text.startsWith('/**'), file);
    for (const [index, line] of text.split('\n').entries()) assert.ok(line.length <= 120, `${file}:${index + 1}`);
  }
});
