/**
 * Published client libraries of other languages against the real binary: starts one server, registers what they need, lends
 * each a person who signs in, runs the suites one after another and adds up what they say.
 *
 *     SYMBOLON_BIN=../../target/debug/symbolon node run.js [python] [rust] [go] [java]
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ADMIN, Server } from '../e2e/support/server.js';
import { Person } from './support/person.js';
import { SUITES } from './support/suites.js';
import { register } from './support/world.js';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) throw new Error(`no suite is called ${unknown}; there are ${Object.keys(SUITES)}`);

/** Runs one suite in its folder, shows what it says, and counts. */
async function run(name, { command, count }, world) {
  const [program, ...args] = command;
  const cwd = join(import.meta.dirname, name);
  const child = spawn(program, args, { cwd, env: { ...process.env, SYMBOLON_WORLD: world }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const total = { passed: 0, failed: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const { passed = 0, failed = 0 } = count(line) ?? {};
    total.passed += passed;
    total.failed += failed;
  }
  const [code, signal] = await ended;
  // A runner that died, or ran nothing, failed.
  if (total.failed === 0 && (code !== 0 || total.passed === 0)) total.failed = 1;
  console.log(`${name}: ${total.passed} passed, ${total.failed} failed${signal ? ` (${signal})` : ''}`);
  return total;
}

const server = await Server.start();
const person = await Person.start(ADMIN);
const total = { passed: 0, failed: 0 };
try {
  const world = resolve(await server.file('world.json', await register(server, person.address)));
  for (const [name, suite] of Object.entries(SUITES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const lacks = suite.lacks();
    if (lacks) {
      // Nobody reads in CI what was left out: there it is, only where the tools cannot be had.
      const mustRun = process.env.CI === 'true' && (suite.obtainable?.() ?? true);
      console.log(`${name}: ${mustRun ? 'failed' : 'skipped'}, ${lacks}`);
      if (mustRun) total.failed++;
      continue;
    }
    const begun = performance.now();
    const { passed, failed } = await run(name, suite, world);
    console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    total.passed += passed;
    total.failed += failed;
  }
} finally {
  person.stop();
  await server.stop();
}
console.log(`# pass ${total.passed}\n# fail ${total.failed}`);
process.exitCode = total.failed > 0 ? 1 : 0;
