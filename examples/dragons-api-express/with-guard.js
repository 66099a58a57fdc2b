/** Symbolon's guard: keys and revocations are found by the issuer's discovery document, and tokens may be bound to a key. */

import { createGuard } from 'symbolon-guard';

export async function protect({ issuer, audience, publicUrl }) {
  const guard = createGuard({ issuer, audience, dpop: { publicUrl } });
  await guard.ready(); // keys and what is revoked, before the first request
  return { signedIn: guard, scope: guard.scope, role: guard.role };
}
