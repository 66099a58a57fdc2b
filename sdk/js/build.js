/**
 * Builds what the server serves: the core, and the parts that it loads when they are used.
 *
 *     node build.js [folder]      default: dist
 *
 * Each names the parts it loads by their hashes, so that what it loads is what it was built with. The server gives each file
 * under its plain name and under its hash; a hash of before leads to what is there now. So a part that means something else than
 * before has another name: nothing is better than a store without the key that a page counts on (`storage` was one part once).
 */

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;
const folder = process.argv[2] ?? join(root, 'dist');

/** Loaded later, by the module that is imported. One that another part loads stands before it. */
const PARTS = {
  './sign-in.js': 'sign-in',
  './cookie.js': 'cookie',
  './plain.js': 'store',
  './bound.js': 'dpop',
};
/** Where a part is not beside the core. */
const ENTRIES = { './cookie.js': './storage/cookie.js', './plain.js': './storage/plain.js', './bound.js': './storage/bound.js' };

/** Sixteen characters of SHA-256, as the server counts them. */
const hash = (text) => createHash('sha256').update(text).digest('base64url').slice(0, 16);

const files = {};
const names = {};
const loadLater = {
  name: 'load later',
  setup: ({ onResolve }) =>
    onResolve({ filter: /./ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path: names[path.replace('/storage/', '/')], external: true } : undefined)),
};

/** @param {string} entry */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', entry)],
    bundle: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    banner: { js: '// Symbolon, MIT OR Apache-2.0' },
    logLevel: 'warning',
    plugins: [loadLater],
    write: false,
  });
  return outputFiles[0].text;
}

for (const [path, name] of Object.entries(PARTS)) {
  files[`${name}.js`] = await bundle(ENTRIES[path] ?? path);
  names[path] = `./${name}.${hash(files[`${name}.js`])}.js`;
}
files['symbolon.js'] = await bundle('symbolon.js');
// Not loaded by the core: for pages that open one.
files['socket.js'] = await bundle('socket.js');

mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
