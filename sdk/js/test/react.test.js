/** The React adapter, rendered to text; in a browser: tests/e2e/adapters.test.js. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement as h } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { RequireRole, SignedIn, SignedOut, SymbolonProvider, useAuth, useUser } from '../src/react.js';
import { FakeAuth } from './support/fake-auth.js';

const shown = (auth, ...children) => renderToStaticMarkup(h(SymbolonProvider, { auth }, ...children));
const page = [h(SignedIn, null, 'in'), h(SignedOut, null, 'out'), h(RequireRole, { role: 'admin', otherwise: '-' }, 'admin')];

test('components show what the state allows, and nothing before it is known', () => {
  assert.equal(shown(FakeAuth.signedIn({ roles: ['admin'] }), ...page), 'inadmin');
  assert.equal(shown(FakeAuth.signedIn(), ...page), 'in-');
  assert.equal(shown(new FakeAuth(), ...page), 'out-');
  assert.equal(shown(new FakeAuth({ status: 'error' }), ...page), 'out-');
  assert.equal(shown(new FakeAuth({ status: 'loading' }), ...page), '-');
});

test('hooks give the state, the person and the SDK', () => {
  const auth = FakeAuth.signedIn();
  const Who = () => `${useUser().name} ${useAuth().status} ${useAuth().auth === auth}`;
  assert.equal(shown(auth, h(Who)), 'Ada signed-in true');
});

test('without a provider the message says what is missing', () => {
  assert.throws(() => renderToStaticMarkup(h(SignedIn)), /SymbolonProvider/);
});
