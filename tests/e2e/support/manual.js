/**
 * The examples of a page of the manual, as a reader would copy them: its fenced blocks in one shell, one after another, and what the
 * page says comes out. What a reader does in between stands in the page as comments, which nobody sees:
 *
 * | In the page | |
 * |---|---|
 * | `<!-- world: … -->` | shell that prepares what the page takes for granted; a page without it is not played |
 * | `<!-- settings: NAME=VALUE … -->` | settings of the server, as in the environment |
 * | a block of `sh` or `js` | is run; `js` as a module with the packages of this folder |
 * | `<!-- not run: why -->` before a block | it is not |
 * | `<!-- file: NAME -->` before a block | it is written to that file |
 * | a block of `json` right after one that was run | what came out: `…` in a text stands for anything, a member `"…"` for more members, 1800000000 for any time |
 * | a block of `text` right after one | the same, line by line |
 * | `<!-- then: … -->` | shell: what the reader does with what came out |
 *
 * In the shell are `ISSUER`, `API`, `ADMIN`, `PASSWORD` (and in the environment), `symbolon`, and
 *
 * | Command | |
 * |---|---|
 * | `field NAME` | a member of the JSON that came out last |
 * | `last` | what came out last, without the line's end |
 * | `browser URL` | goes there as the administrator, signs in and says yes; prints where it ended, or the page |
 * | `param NAME URL` | a parameter of a URL |
 * | `device URL CODE` | enters a device's code, signs in and allows it |
 * | `ciba URL` | opens the page of what was asked over the back channel, signs in and allows it |
 * | `signup URL EMAIL` | makes an account there with the code in the letter; prints where it ended |
 *
 * Programs have `symbolon-guard` beside the packages of this folder, and of people, in `browser.mjs`:
 *
 * | Function | |
 * |---|---|
 * | `arrived(url)` | a browser goes there and signs in; what it brings to the client, a URL or a `Request` |
 * | `answered(url)` | what `ciba` does |
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ADMIN } from './server.js';

const ROOT = join(import.meta.dirname, '../../..');
const PLAY_MS = 60_000;

/** Reads a page into steps. */
export async function read(path) {
  const lines = (await readFile(join(ROOT, path), 'utf8')).split('\n');
  const page = { path, settings: {}, world: undefined, steps: [] };
  let mark; // of the next block
  let ran; // the step that an expectation right here would be about
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const until = (end) => {
      const start = at + 1;
      while (!lines[++at].startsWith(end));
      return lines.slice(start, at).join('\n');
    };
    const comment = /^<!-- (settings|world|then|file|not run): ?(.*)$/.exec(line);
    const fence = /^```(\w*)/.exec(line);
    if (comment) {
      const [, kind, rest] = comment;
      const text = rest.endsWith('-->') ? rest.slice(0, -3).trim() : `${rest}\n${until('-->')}`;
      if (kind === 'world') page.world = text;
      else if (kind === 'settings') page.settings = Object.fromEntries(text.trim().split(/\s+/).map((one) => /^([^=]*)=(.*)$/.exec(one).slice(1)));
      else if (kind === 'then') page.steps.push({ kind: 'then', at: at + 1, text });
      else mark = { kind, text };
      ran = undefined;
    } else if (fence) {
      const begun = at + 1;
      const text = until('```');
      const language = fence[1];
      if (mark?.kind === 'file') page.steps.push({ kind: 'file', at: begun, name: mark.text, text });
      else if (mark) ran = undefined;
      else if (['sh', 'js'].includes(language)) page.steps.push((ran = { kind: language, at: begun, text }));
      else if (['json', 'text'].includes(language) && ran) [ran.expected, ran] = [{ language, text, at: begun }, undefined];
      mark = undefined;
    } else if (line !== '') ran = undefined;
  }
  return page;
}

/** Plays a page against a server; gives the number of blocks that were run. */
export async function play(page, server) {
  const folder = join(server.data, 'manual');
  await mkdir(folder);
  await symlink(join(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'));
  await mkdir(join(server.data, 'node_modules'));
  await symlink(join(ROOT, 'sdk/node-guard'), join(server.data, 'node_modules/symbolon-guard'));
  await copyFile(join(import.meta.dirname, 'reader-browser.js'), join(folder, 'browser.mjs'));
  await tools(folder, server);
  const output = (index) => join(folder, `${index}.out`);
  const script = ['set -euo pipefail', `LAST=/dev/null`, `echo 'the world' >at`, page.world];
  let blocks = 0;
  for (const [index, step] of page.steps.entries()) {
    script.push(`echo '${page.path}:${step.at}' >at`);
    const name = `block-${index}.${step.kind === 'js' ? 'mjs' : 'txt'}`;
    if (step.kind === 'file') {
      await writeFile(join(folder, name), `${step.text}\n`);
      script.push(`cp ${name} '${step.name}'`);
    } else if (step.kind === 'then') script.push(step.text);
    else {
      blocks += 1;
      if (step.kind === 'js') await writeFile(join(folder, name), step.text);
      script.push(`{ :\n${step.kind === 'js' ? `node ${name}` : step.text}\n} >${output(index)}`, `export LAST=${output(index)}`);
    }
  }
  await writeFile(join(folder, 'page.sh'), script.join('\n'));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SYMBOLON_'));
  const env = { ...Object.fromEntries(inherited), PATH: `${folder}/bin:${process.env.PATH}`, ISSUER: server.issuer, API: server.api, ADMIN: ADMIN.email, PASSWORD: ADMIN.password };
  await new Promise((done, failed) => {
    const options = { cwd: folder, env, timeout: PLAY_MS };
    execFile('bash', ['page.sh'], options, async (error, stdout, stderr) => {
      if (!error) return done();
      const place = (await readFile(join(folder, 'at'), 'utf8')).trim();
      failed(new Error(`${place} failed: ${error.signal ?? error.code}\n${stderr}${stdout}`));
    });
  });
  for (const [index, { expected }] of page.steps.entries()) {
    if (!expected) continue;
    const said = await readFile(output(index), 'utf8');
    const place = `${page.path}:${expected.at}`;
    if (expected.language === 'json') alike(JSON.parse(said), JSON.parse(expected.text), place);
    else assert.match(said.trim(), pattern(expected.text.trim()), place);
  }
  return blocks;
}

/** A text in which `…` stands for anything. */
const pattern = (text) => new RegExp(`^${text.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`);

/** Stands for any time. */
const TIME = 1_800_000_000;

/** What came out is what the page shows. */
function alike(said, shown, place) {
  if (shown === TIME) return assert.equal(typeof said, 'number', place);
  if (typeof shown === 'string' && shown.includes('…')) return assert.match(String(said), pattern(shown), place);
  if (Array.isArray(shown)) {
    assert.equal(said.length, shown.length, `${place}: ${JSON.stringify(said)}`);
    return shown.forEach((one, index) => alike(said[index], one, `${place}[${index}]`));
  }
  if (typeof shown !== 'object' || shown === null) return assert.deepEqual(said, shown, place);
  const { '…': more, ...members } = shown;
  const names = Object.keys(members);
  if (more === undefined) assert.deepEqual(Object.keys(said).sort(), [...names].sort(), place);
  for (const name of names) alike(said[name], members[name], `${place}, ${name}`);
}

/** The commands of a reader. */
async function tools(folder, server) {
  await mkdir(join(folder, 'bin'));
  const program = join(import.meta.dirname, 'reader.js');
  const commands = {
    symbolon: `exec '${resolve(process.env.SYMBOLON_BIN ?? join(ROOT, 'target/debug/symbolon'))}' "$@" --data '${server.data}'`,
    ...Object.fromEntries(['arrived', 'browser', 'ciba', 'device', 'field', 'param', 'signup'].map((name) => [name, `exec node '${program}' ${name} "$@"`])),
    last: 'printf %s "$(cat "$LAST")"',
  };
  for (const [name, text] of Object.entries(commands)) {
    const path = join(folder, 'bin', name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
  }
}
