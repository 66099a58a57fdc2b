/**
 * What WebSockets and Socket.IO have in common: who is at the other end, by a token that came some other way than in a header, and
 * what the connection needs.
 */

import { ConfigError, Rejection } from './errors.js';
import { checkedToken } from './extract.js';

/** @typedef {import('./verify.js').Proven} Proven */
/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./guard.js').Request} Request */
/** @typedef {(caller: Caller) => Rejection | undefined} Lacks */

/**
 * What a connection needs of its caller.
 * @typedef {object} Needs
 * @property {string} [scope]
 * @property {string} [role]
 */

/**
 * What the guard lends to its connections.
 * @typedef {object} Core
 * @property {import('./clock.js').Clock} clock
 * @property {import('./open.js').Open} open
 * @property {(token: string) => Promise<Proven>} judge
 * @property {(proven: Proven, found: import('./extract.js').Found, request: Request) => Promise<void> | undefined} admit
 * @property {(request: Request) => import('./extract.js').Found | undefined} find
 * @property {(rejection: Rejection, request?: Request) => void} note
 * @property {() => string | undefined} nextNonce
 */

/** The longest token message, and the most that is read before there was one. */
export const MAX_BYTES = 16 * 1024;

/**
 * Which rejection is due to a caller who lacks something.
 * @param {Needs} needs
 * @returns {Lacks}
 */
export function lacking({ scope, role }) {
  for (const [name, value] of Object.entries({ scope, role }))
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw new ConfigError(`${name} is text`);
  return ({ hasScope, hasRole }) => {
    if (scope !== undefined && !hasScope(scope)) return new Rejection('insufficient_scope', { required: scope });
    if (role !== undefined && !hasRole(role)) return new Rejection('missing_role', { required: role });
    return undefined;
  };
}

/**
 * The verdict on a token that was shown in a message, with a proof if it is bound to a key. The proof is for the address at which the
 * connection was opened, and for GET.
 * @param {Core} core
 * @param {Lacks} lacks
 * @param {Request} request that opened the connection
 * @param {{ token: unknown, dpop?: unknown }} shown
 * @param {'header' | 'cookie'} [from] where it stood, if it came with the request and without a proof
 */
export async function judged(core, lacks, request, { token, dpop }, from = 'header') {
  try {
    if (typeof token !== 'string') throw new Rejection('no_token');
    if (dpop !== undefined && dpop !== null && typeof dpop !== 'string') throw new Rejection('dpop_malformed');
    const proven = await core.judge(checkedToken(token));
    const place = typeof dpop === 'string' ? 'proof' : from;
    await core.admit(proven, { token, place }, withProof(request, dpop));
    const rejection = lacks(proven.caller);
    if (rejection) throw rejection;
    return { token, proven };
  } catch (error) {
    if (error instanceof Rejection) core.note(error, request);
    throw error;
  }
}

/**
 * The request, as if it had come with this proof and no other.
 * @param {Request} request
 * @param {unknown} dpop
 * @returns {Request}
 */
function withProof(request, dpop) {
  const { rawHeaders = [] } = request;
  const kept = rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)].toLowerCase() !== 'dpop');
  const { dpop: _, ...headers } = request.headers;
  return Object.create(request, {
    method: { value: 'GET' },
    headers: { value: headers },
    rawHeaders: { value: typeof dpop === 'string' ? [...kept, 'dpop', dpop] : kept },
  });
}
