/** What ships: the served files are the source's, small, alone, and touch no global. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { HINTS } from '../src/errors.js';

const root = join(import.meta.dirname, '..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const files = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
  .sort();
const tool = (name) => join(root, 'node_modules/.bin', name);

const ADAPTER_BYTES = 1024;
const ADAPTER_LINES = 120;
/** In gzip. `dpop.js` has the proofs and the worker. */
const BUDGETS_BYTES = {
  'symbolon.js': 6 * 1024,
  'dpop.js': 2.5 * 1024,
  'store.js': 1.375 * 1024,
  'sign-in.js': 3.25 * 1024,
  'cookie.js': 2 * 1024,
  'socket.js': 2 * 1024,
};

/** A folder that is gone after the test. */
function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Two folders have the same files. */
function same(made, committed) {
  assert.deepEqual(files(made), files(committed), 'run: npm run build');
  for (const file of files(made))
    assert.equal(readFileSync(join(made, file), 'utf8'), readFileSync(join(committed, file), 'utf8'), 'run: npm run build');
}

test('dist/ is what the source builds to', (t) => {
  const out = scratch(t);
  execFileSync('node', ['build.js', out], { cwd: root });
  same(out, join(root, 'dist'));
});

test('types/ is what the source says', (t) => {
  const out = scratch(t);
  execFileSync(tool('tsc'), ['--project', join(root, 'tsconfig.json'), '--outDir', out]);
  same(out, join(root, 'types'));
});

test('the types fit how an application uses them', () => {
  execFileSync(tool('tsc'), ['--project', join(root, 'test/types/tsconfig.json')]);
});

for (const [file, budget] of Object.entries(BUDGETS_BYTES))
  test(`${file} is at most ${budget} bytes in gzip`, (t) => {
    const size = gzipSync(read(`dist/${file}`), { level: 9 }).length;
    t.diagnostic(`${size} bytes`);
    assert.ok(size <= budget, `${size} bytes`);
  });

test('it depends on nothing, and loads nothing but its own parts, when they are used', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json'));
  assert.equal(dependencies, undefined);
  for (const framework of Object.keys(peerDependencies)) assert.ok(peerDependenciesMeta[framework].optional, framework);
  const core = read('dist/symbolon.js');
  const loaded = [...new Set(core.match(/import\("[^"]*"\)/g))].sort();
  const named = loaded.map((each) => each.match(/^import\("\.\/([\w-]+)\.[\w-]{16}\.js"\)$/)?.[1]);
  assert.deepEqual(named, ['dpop', 'sign-in', 'store']);
  assert.doesNotMatch(core.replace(/import\("/g, ''), /\bimport\b/);
  const storage = read('dist/store.js');
  assert.match([...storage.matchAll(/\bimport\b.{0,40}/g)].join(), /^import\("\.\/cookie\.[\w-]{16}\.js"\)[^,]*$/);
  const proofs = read('dist/dpop.js');
  assert.match([...proofs.matchAll(/\bimport\b.{0,40}/g)].join(), /^import\("\.\/store\.[\w-]{16}\.js"\)[^,]*$/, 'to keep tabs apart');
  for (const part of ['sign-in.js', 'cookie.js', 'socket.js']) assert.doesNotMatch(read(`dist/${part}`), /\bimport\b/);
});

test('proofs and the worker are in one part, which a page without them does not load', () => {
  for (const file of files(join(root, 'dist')))
    for (const word of ['dpop+jwt', 'generateKey', 'postMessage([0,'])
      assert.equal(read(`dist/${file}`).includes(word), file === 'dpop.js', `${word} in ${file}`);
});

test('while nodes are replaced one by one: a core of the new one signs in with parts of an old one', async (t) => {
  const out = scratch(t);
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  // An old node gives under each name what it has: once none of these knew as much as it does now.
  const since = { 'sign-in': ['signInBy'], store: ['own'] };
  const all = files(join(root, 'dist')).map((file) => read(`dist/${file}`)).join('\n');
  for (const file of ['symbolon', 'sign-in', 'store', 'dpop']) {
    const text = read(`dist/${file}.js`);
    const [hash = file] = new RegExp(`${file}\\.[\\w-]{16}(?=\\.js")`).exec(all) ?? [];
    const older = text.replace(/export\{[^}]*\}/, (named) => (since[file] ?? []).reduce((left, name) => left.replace(new RegExp(`,?\\w+ as ${name}\\b`), ''), named));
    assert.equal(older === text, !(file in since), file);
    writeFileSync(join(out, `${hash}.js`), older);
  }
  const { createAuth } = await import(pathToFileURL(join(out, 'symbolon.js')));
  const { ISSUER, OPTIONS, until, World } = await import('./support/world.js');
  const world = new World();
  const { answer } = world.issuer;
  world.issuer.answer = (path, ...rest) => ({ ...answer.call(world.issuer, path, ...rest), response_modes_supported: ['query', 'web_message'] });
  for (const options of [{}, { tabs: 'isolated' }]) {
    const page = world.tab().load();
    const popup = { close: () => {}, location: { replace: (url) => (popup.asked = url) } };
    page.open = () => popup;
    const auth = createAuth({ ...OPTIONS, ...options }, page);
    await auth.start();
    const signedIn = auth.loginPopup();
    await until(() => popup.asked);
    const data = { type: 'authorization_response', response: new URL(world.issuer.authorize(popup.asked, 'ada')).search };
    page.dispatchEvent(Object.assign(new Event('message'), { origin: ISSUER, source: popup, data }));
    assert.equal((await signedIn).user.sub, 'ada');
  }
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

test('npm packs the source, the types and what is served, and nothing else', () => {
  const [{ files: packed }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root }));
  const folders = new Set(packed.map(({ path }) => path.split('/')[0]));
  assert.deepEqual([...folders].sort(), ['README.md', 'dist', 'package.json', 'pages', 'src', 'types']);
});

test('what npm pack makes is a package: each of its parts loads from where an application has it', (t) => {
  const out = scratch(t);
  // With `prepack`, as for a release: what it builds is what is here.
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', out], { cwd: root, encoding: 'utf8' }));
  const home = join(out, 'node_modules');
  mkdirSync(home);
  execFileSync('tar', ['-xzf', join(out, filename), '-C', home]);
  renameSync(join(home, 'package'), join(home, 'symbolon'));
  const script = `
    const { createAuth } = await import('symbolon');
    const { openSocket } = await import('symbolon/socket');
    const { sessionOf } = await import('symbolon/server');
    const request = { headers: new Headers() };
    const nobody = await sessionOf(request, { issuer: 'https://auth.example.test', clientId: 'x' });
    console.log(typeof createAuth, typeof openSocket, nobody, await import('symbolon/tokens.js').catch(({ code }) => code));`;
  const said = execFileSync('node', ['--input-type=module', '--eval', script], { cwd: out, encoding: 'utf8' });
  assert.equal(said.trim(), 'function function null ERR_PACKAGE_PATH_NOT_EXPORTED');
  for (const adapter of ['angular', 'react', 'vue']) assert.ok(existsSync(join(home, 'symbolon/src', `${adapter}.js`)), adapter);
});

test('importing and creating changes no global', async () => {
  const { createAuth } = await import('../src/symbolon.js');
  const { OPTIONS, World } = await import('./support/world.js');
  const page = new World().tab().load();
  const before = Object.getOwnPropertyDescriptors(page);
  const globals = Reflect.ownKeys(globalThis).length;
  await createAuth(OPTIONS, page).start();
  assert.deepEqual(Object.getOwnPropertyDescriptors(page), before);
  assert.equal(Reflect.ownKeys(globalThis).length, globals);
});

test('each code has its paragraph on the page about errors', () => {
  const page = read('pages/errors.html');
  const ids = [...page.matchAll(/<dt id="(\w+)">/g)].map(([, id]) => id);
  assert.deepEqual(ids, [...ids].sort());
  for (const code of Object.keys(HINTS)) assert.ok(ids.includes(code), code);
  // Those of the SDK itself, and the issuer's, but for what only other grants and endpoints say.
  const own = files(join(root, 'src')).flatMap((file) => [...read(`src/${file}`).matchAll(/\b(?:AuthError|error)\('([a-z_]+)'/g)]);
  const foreign = /^(authorization_pending|slow_down|expired_token|invalid_binding_message|unknown_user_id|mfa_required|too_many_attempts|invalid_authorization_details|invalid_request_(object|uri)|(registration|request|request_uri)_not_supported)$/;
  const issuers = [...read('../../crates/oauth/src/error.rs').matchAll(/\bwire\(\s*"([a-z_]+)"/g)].filter(([, code]) => !foreign.test(code));
  assert.ok(own.length > 20 && issuers.length > 10);
  for (const [, code] of [...own, ...issuers]) assert.ok(ids.includes(code), code);
});

test('no source file is long, and each says what it is', () => {
  for (const file of files(join(root, 'src'))) {
    const text = read(`src/${file}`);
    assert.ok(text.split('\n').length <= 500, file);
    assert.ok(text.startsWith('/**'), file);
    for (const [index, line] of text.split('\n').entries()) assert.ok(line.length <= 120, `${file}:${index + 1}`);
  }
});
