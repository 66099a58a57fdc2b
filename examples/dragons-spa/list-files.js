/** After the build: names its files for the service worker, and the build by what is in them. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'dist');
const LEFT_OUT = ['files.json', 'service-worker.js', 'index.html'];

const hash = createHash('sha256');
const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  .sort();
for (const name of names) if (name !== 'files.json') hash.update(name).update(readFileSync(join(folder, name)));
const files = ['/', ...names.filter((name) => !LEFT_OUT.includes(name)).map((name) => `/${name}`)];
writeFileSync(join(folder, 'files.json'), JSON.stringify({ build: hash.digest('base64url'), files }));
