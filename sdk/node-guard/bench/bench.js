/**
 * The guard beside express-jwt with jwks-rsa, in turns in the same run: a token seen again, a token seen first (RS256), and
 * what the revocation set takes. `npm ci && npm run bench` here, after `npm ci` in the folder above.
 *
 * Each side is called as Express calls a middleware, with a header whose text is new each time, as it comes from a socket.
 * Time is processor time of the whole process, in which the thread pool's part is contained, and time on the clock; the
 * fastest of several rounds counts.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expressjwt } from 'express-jwt';
import jwksRsa from 'jwks-rsa';
import { system } from '../src/clock.js';
import { createGuard } from '../src/guard.js';
import { Revoked } from '../src/revocation/revoked.js';
import { addSnapshot } from '../src/revocation/snapshot.js';
import { AUDIENCE, TestIssuer } from '../test/support/issuer.js';

const ROUNDS = 7;
const cleanUp = [];
const issuer = await TestIssuer.start({ after: (end) => cleanUp.push(end) }, { clock: system, alg: 'RS256' });
const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE });
const bare = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', remember: 0 });
await Promise.all([guard.ready(), bare.ready()]);
const secret = jwksRsa.expressJwtSecret({ jwksUri: `${issuer.url}/jwks`, cache: true, rateLimit: true });
const other = expressjwt({ secret, audience: AUDIENCE, issuer: issuer.url, algorithms: ['RS256'] });

const tokens = (count) => Promise.all(Array.from({ length: count }, () => issuer.token()));
const response = { setHeader() {}, end() {} };

/** A request as from a socket: its texts have been seen by nobody. */
function request(token) {
  const authorization = Buffer.from(`Bearer ${token}`).toString('latin1');
  return { method: 'GET', url: '/', headers: { authorization }, rawHeaders: ['Host', 'a', 'Authorization', authorization] };
}

const call = (middleware, one) =>
  new Promise((done, failed) => {
    middleware(one, response, (error) => (error ? failed(error) : done()));
  });

/** Microseconds of processor and of clock per call; the fastest round. */
async function measure(middleware, list, width = 1) {
  const requests = list.map(request);
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const lanes = Array.from({ length: width }, async (_, lane) => {
    for (let at = lane; at < requests.length; at += width) await call(middleware, requests[at]);
  });
  await Promise.all(lanes);
  const used = process.cpuUsage(cpu);
  return { cpu: (used.user + used.system) / list.length, clock: ((performance.now() - start) * 1000) / list.length };
}

async function row(name, sides, list, width) {
  const best = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [side, middleware] of Object.entries(sides)) {
      const { cpu, clock } = await measure(middleware, await list(), width);
      const so = best.get(side) ?? { cpu: Infinity, clock: Infinity };
      best.set(side, { cpu: Math.min(so.cpu, cpu), clock: Math.min(so.clock, clock) });
    }
  }
  for (const [side, { cpu, clock }] of best)
    console.log(`${name.padEnd(34)} ${side.padEnd(22)} ${cpu.toFixed(2).padStart(8)} µs cpu ${clock.toFixed(2).padStart(8)} µs clock`);
}

console.log(`node ${process.version}, a token of ${(await issuer.token()).length} characters`);
const seen = await tokens(1000);
for (const token of seen) await call(guard, request(token));
const again = async () => Array.from({ length: 20_000 }, (_, index) => seen[index % seen.length]);
const few = async () => (await again()).slice(0, 2000);
await row('seen again, 1,000 live tokens', { nothing: (_, __, next) => next(), guard }, again);
await row('seen again, 1,000 live tokens', { 'express-jwt': other }, few);
const fresh = () => tokens(500);
await row('seen first, one at a time', { guard: bare, 'express-jwt': other }, fresh);
await row('seen first, 32 at a time', { guard: bare, 'express-jwt': other }, fresh, 32);

// What the set takes.
const now = system.now();
for (const count of [10_000, 100_000, 1_000_000, 5_000_000]) {
  // As in a snapshot: ascending, spread as hashes are.
  const pairs = Buffer.alloc(count * 12);
  for (let at = 0; at < count; at++) {
    pairs.writeUInt32BE(Math.floor(((at + Math.random()) / count) * 2 ** 32), at * 12);
    pairs.writeUInt32BE(random32(), at * 12 + 4);
    pairs.writeUInt32BE(now + 900 + (at % 600), at * 12 + 8);
  }
  globalThis.gc?.();
  const before = process.memoryUsage();
  const revoked = new Revoked();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await addSnapshot(revoked, { ids: [pairs], rules: Buffer.alloc(0) }, now, new AbortController().signal);
  const loaded = performance.now() - start;
  delay.disable();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const ids = Array.from({ length: 200_000 }, () => ({ jti: pair(), sid: pair(), rh: pair() }));
  let hits = 0;
  const asked = performance.now();
  for (const id of ids) if (revoked.refuses(id)) hits++;
  const each = ((performance.now() - asked) * 1e6) / ids.length;
  const taken = after.arrayBuffers - before.arrayBuffers;
  console.log(`set of ${count}: ${(revoked.bytes / count).toFixed(1)} bytes each (${(taken / count).toFixed(1)} by the process), ` +
    `loaded in ${loaded.toFixed(0)} ms with pauses of at most ${(delay.max / 1e6).toFixed(1)} ms, ` +
    `three look-ups ${each.toFixed(0)} ns, ${hits} false`);
}

function pair() {
  return { hi: random32(), lo: random32() };
}

function random32() {
  return Math.floor(Math.random() * 2 ** 32);
}

guard.close();
bare.close();
for (const end of cleanUp) await end();
