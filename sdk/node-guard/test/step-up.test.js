/** Routes that want a fresher or a stronger sign-in (RFC 9470). */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, TestIssuer, wholeFile } from './support/issuer.js';
import { serve } from './support/app.js';

const GOLD = 'urn:example:gold';
const SILVER = 'urn:example:silver';
const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

const newGuard = () =>
  createGuard({ issuer: issuer.url, audience: AUDIENCE, realm: 'bank', revocation: 'off', leeway: 5 }, issuer.clock);
const ERROR = 'Bearer realm="bank", error="insufficient_user_authentication", error_description="a fresher or stronger sign-in is needed"';

test('rfc9470_section_3 the challenge says what is needed', async (t) => {
  const guard = newGuard();
  const token = await issuer.token();
  for (const [layer, more] of [
    [guard.requireAcr([GOLD, SILVER]), `acr_values="${GOLD} ${SILVER}"`],
    [guard.maxAge(3600), 'max_age="3600"'],
    [guard.stepUp({ acrValues: [GOLD], maxAge: 0 }), `acr_values="${GOLD}", max_age="0"`],
  ]) {
    const answer = await (await serve(t, [guard, layer]))('/me', { token });
    assert.equal(answer.status, 401);
    assert.equal(answer.challenge, `${ERROR}, ${more}`);
    assert.equal(answer.body, '{"error":"unauthorized"}');
  }
  assert.equal(guard.status().refusals.insufficient_authentication, 3);
});

test('rfc9470_section_5 the acr must be one of those exactly', async (t) => {
  const guard = newGuard();
  const ask = await serve(t, [guard, guard.requireAcr([GOLD, SILVER])]);
  for (const [acr, status] of [[GOLD, 200], [SILVER, 200], ['urn:example:GOLD', 401], ['', 401], [undefined, 401], [`${GOLD} x`, 401]])
    assert.equal((await ask('/me', { token: await issuer.token({ acr }) })).status, status, acr);
});

test('rfc9470_section_5 a sign-in grows old on the second', async (t) => {
  const guard = newGuard();
  const ask = await serve(t, [guard, guard.maxAge(60)]);
  const at = issuer.clock.now();
  for (const [auth_time, status] of [[at, 200], [at - 65, 200], [at - 66, 401], [undefined, 401]])
    assert.equal((await ask('/me', { token: await issuer.token({ auth_time }) })).status, status, String(auth_time));
});

test('it stands behind the guard, and knows what it is told', async (t) => {
  const guard = newGuard();
  assert.equal((await (await serve(t, [guard.maxAge(60)]))('/me', { token: await issuer.token() })).status, 500);
  for (const wrong of [() => guard.requireAcr([]), () => guard.requireAcr('gold'), () => guard.requireAcr(['a b']), () => guard.maxAge(-1),
    () => guard.maxAge(1.5), () => guard.stepUp({})])
    assert.throws(wrong, { name: 'ConfigError' });
});
