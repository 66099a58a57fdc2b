/**
 * The guard of a Node API: accepts the access tokens of one issuer for one audience, refuses revoked ones at once, and says
 * no to everything else in the way the standards ask for (RFC 6750, RFC 9068, RFC 9728).
 */

import { Certificates } from './certificates.js';
import { awaited, system } from './clock.js';
import { refuse } from './challenge.js';
import { checkPage } from './csrf.js';
import { Discovery } from './discovery.js';
import { Proofs } from './dpop.js';
import { ConfigError, Rejection } from './errors.js';
import { checkedToken, find } from './extract.js';
import { Introspector } from './introspect.js';
import { Judge, tell } from './judge.js';
import { KeyCache } from './jwks/cache.js';
import { metadataAddress, metadataDocument, metadataHandler } from './metadata.js';
import { Open } from './open.js';
import { checkedOptions } from './options.js';
import { Revocation } from './revocation/revocation.js';
import { Seen } from './seen.js';
import { SignedUrls } from './signed.js';
import { socketIo } from './socket-io.js';
import { neededSignIn, suffices } from './step-up.js';
import { Verifier } from './verify.js';
import { GuardedSocket, webSockets } from './websocket.js';

export { ConfigError, GuardedSocket, Rejection };

/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./caller.js').Claims} Claims */
/** @typedef {import('./errors.js').Reason} Reason */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./options.js').Settings} Settings */
/** @typedef {import('node:http').IncomingMessage & { auth?: Caller }} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/**
 * A request as it stands behind the guard, for handlers in TypeScript: `(req: WithAuth<Request>, res) => …`.
 * @template Base
 * @typedef {Base & { auth?: Caller }} WithAuth
 */

/** @typedef {(request: Request, response: Response, next: (error?: unknown) => void) => void | Promise<void>} Middleware */

/**
 * How the guard is doing.
 * @typedef {object} Status
 * @property {boolean} following the stream is open and has brought news
 * @property {string | null} epoch the issuer's log
 * @property {number | null} seq the number of the last entry
 * @property {number} setSize how many ids and rules are known to be revoked
 * @property {number} setBytes the memory they take
 * @property {number} unknownEntries entries of kinds that this version does not know
 * @property {number | null} stalenessSeconds how old that knowledge is; null: there is none
 * @property {number | null} lagSeconds how long the newest revocation of the stream took to get here, by both clocks
 * @property {string | null} lastError why the feed is not followed
 * @property {{ entries: number, hits: number, misses: number }} cache of verified tokens
 * @property {{ entries: number, forgotten: number }} [proofs] used proofs that are remembered, and how many were let go for
 *   lack of room; with the option `dpop`
 * @property {number} openConnections WebSockets and Socket.IO connections whose caller is known
 * @property {Partial<Record<Reason, number>>} refusals by cause
 */

/**
 * @typedef {object} Methods
 * @property {(scope: string) => Middleware} scope lets pass only callers with this scope; stands behind the guard
 * @property {(scopes: string[]) => Middleware} anyScope the same with at least one of these
 * @property {(role: string) => Middleware} role the same with this role
 * @property {() => Middleware} onlySignedUrls lets pass only requests by a signed URL
 * @property {(acrValues: string[]) => Middleware} requireAcr lets pass only callers who signed in in one of these ways (`acr`); others
 *   are told so, and can have their user sign in again (RFC 9470)
 * @property {(seconds: number) => Middleware} maxAge the same with a sign-in at most so long ago (`auth_time`)
 * @property {(needed: { acrValues?: string[], maxAge?: number }) => Middleware} stepUp both in one
 * @property {(token: string) => Promise<Caller>} verify a token that came some other way, such as a WebSocket's first
 *   message; fails with a {@link Rejection}, also for one that is bound to a key
 * @property {(server: import('./websocket.js').Server, handle: (socket: GuardedSocket, request: Request) => void,
 *   options?: import('./websocket.js').WebSocketOptions) => (request: Request, stream: import('node:stream').Duplex, head: Buffer) => void}
 *   webSockets a listener for the event `upgrade` of an HTTP server: opens WebSockets of `ws` that end with their token
 * @property {(needs?: import('./realtime.js').Needs) => import('./socket-io.js').SocketIoMiddleware} socketIo a middleware for `io.use`:
 *   Socket.IO connections that end with the token of their handshake
 * @property {(caller: Caller, target: string, options?: import('./signed.js').UrlOptions) => string} signUrl path and query with a
 *   signature, by which whoever has it may make this one request for a minute; with the option `signedUrls`
 * @property {() => Promise<void>} ready fetches what the first request would wait for; fails when it is not to be had
 * @property {() => Status} status
 * @property {() => Middleware} metadata tells which issuer this API trusts (RFC 9728); stands before the guard. The challenges
 *   name its address
 * @property {() => void} close lets go of the feed; the guard goes on with what it knows
 */

/** @typedef {Middleware & Methods} Guard */

/** What a guard found out about a request. */
const AUTHENTICATION = Symbol('symbolon-guard');

/** RFC 6749 §3.3. */
const SCOPE = /^[!#-[\]-~]+$/;

/**
 * A guard for the tokens that `issuer` issues to be used at `audience`. Nothing is fetched before the first token comes, or
 * {@link Methods.ready} is called.
 * @param {Options} options
 * @param {import('./clock.js').Clock} [clock] instead of the machine's, for tests
 * @returns {Guard}
 */
export function createGuard(options, clock = system) {
  const settings = checkedOptions(options);
  const { keys, seen, revocation, judge } = assemble(settings, clock);
  const { audience, realm, optional, onReject, leeway } = settings;
  const proofs = settings.dpop && new Proofs(settings.dpop, clock);
  const urls = settings.signedUrls && new SignedUrls(settings.signedUrls, audience, clock);
  const certificates = settings.certificates && new Certificates(settings.certificates);
  /** @type {Map<Reason, number>} */
  const refusals = new Map();
  /** @type {string | undefined} */
  let metadataUrl;
  /** Middlewares of this guard know each other by it. */
  const self = {};

  /** @type {(rejection: Rejection, request?: Request) => void} */
  const note = (rejection, request) => {
    refusals.set(rejection.reason, (refusals.get(rejection.reason) ?? 0) + 1);
    tell(onReject, rejection, request);
  };

  /** @type {(error: unknown, request: Request, response: Response, next: (error?: unknown) => void) => void} */
  const reject = (error, request, response, next) => {
    if (!(error instanceof Rejection)) return next(error);
    note(error, request);
    if (error.reason.startsWith('dpop_')) offerNonce(response);
    refuse(response, realm, error, metadataUrl, proofs);
  };

  /** RFC 9449 §8.2: also an answer that is no challenge says which nonce to use next. @param {Response} response */
  const offerNonce = (response) => {
    const nonce = proofs?.nextNonce();
    if (nonce !== undefined && !response.headersSent) response.setHeader('dpop-nonce', nonce);
  };
  /** @type {(request: any, caller: Caller | undefined, isSigned?: boolean) => void} */
  const pass = (request, caller, isSigned = false) => {
    request.auth = caller;
    request[AUTHENTICATION] = { guard: self, caller, isSigned };
  };

  /**
   * Whether a good token may be shown like this. A promise: it may once that is fulfilled.
   * @type {(proven: import('./verify.js').Proven, found: import('./extract.js').Found, request: Request) => Promise<void> | undefined}
   */
  const admit = ({ jkt, x5t, caller }, { place, token }, request) => {
    if (place === 'cookie') checkPage(request, caller.claims);
    if (!proofs && !certificates) return undefined;
    if (jkt === undefined && x5t === undefined) {
      if (place === 'proof' || proofs?.required || certificates?.required) throw new Rejection('not_bound');
      return undefined;
    }
    if (x5t !== undefined && certificates && place !== 'proof') {
      certificates.admit(x5t, request);
      return undefined;
    }
    // RFC 9449 §7.2: a token bound to a key is no bearer's, wherever it stands.
    if (jkt === undefined || !proofs || place !== 'proof') throw new Rejection('sender_constrained');
    return proofs.prove(jkt, token, request);
  };

  const open = new Open({ clock, judge, note });
  revocation.onNews = () => open.look();
  /** @type {import('./realtime.js').Core} */
  const core = {
    clock,
    open,
    admit,
    note,
    judge: async (token) => judge.look(token) ?? judge.verify(token),
    find: (request) => find(request, settings),
    nextNonce: () => proofs?.nextNonce(),
  };

  /**
   * Takes a signed URL in place of a token. None: this is not one.
   * @param {Request} request
   * @param {Response} response
   * @returns {{ caller: Caller, waiting: Promise<void> | undefined } | undefined}
   */
  const signedUrl = (request, response) => {
    const presented = urls?.presented(request);
    if (!urls || !presented) return undefined;
    // A URL that is good for seconds is nobody else's to have.
    response.setHeader('cache-control', 'private, no-store');
    response.setHeader('referrer-policy', 'no-referrer');
    const waiting = judge.weigh(presented.ids)?.then(() => urls.useUp(presented));
    if (!waiting) urls.useUp(presented);
    return { caller: presented.caller, waiting };
  };

  /**
   * @param {import('./extract.js').Found} found
   * @param {Request} request
   * @param {import('./verify.js').Proven} [proven]
   * @param {Promise<void>} [proving]
   */
  const waitFor = async (found, request, proven, proving) => {
    const judged = proven ?? (await judge.verify(checkedToken(found.token)));
    await (proving ?? admit(judged, found, request));
    return judged.caller;
  };
  /** @type {Middleware} */
  const middleware = (request, response, next) => {
    try {
      const signed = signedUrl(request, response);
      if (signed?.waiting) return signed.waiting.then(
        () => {
          pass(request, signed.caller, true);
          next();
        },
        (error) => reject(error, request, response, next),
      );
      const found = signed ? undefined : find(request, settings);
      if (!found && !signed && !optional) throw new Rejection('no_token');
      if (found?.place === 'query') {
        // RFC 6750 §2.3: an answer to a URL that holds a token must not land in a shared cache.
        response.setHeader('cache-control', 'private');
      }
      const proven = found && judge.look(found.token);
      const proving = proven && admit(proven, found, request);
      if (found && (!proven || proving)) {
        return waitFor(found, request, proven, proving).then(
          (caller) => {
            if (found.place === 'proof') offerNonce(response);
            pass(request, caller);
            next();
          },
          (error) => reject(error, request, response, next),
        );
      }
      pass(request, signed?.caller ?? proven?.caller, signed !== undefined);
    } catch (error) {
      return reject(error, request, response, next);
    }
    next();
  };

  /** @type {(lacks: (caller: Caller, isSigned: boolean) => Rejection | undefined) => Middleware} */
  const requirement = (lacks) => (request, response, next) => {
    const authentication = /** @type {any} */ (request)[AUTHENTICATION];
    const { caller, isSigned } = authentication ?? {};
    const rejection =
      authentication?.guard !== self ? new Rejection('not_guarded') : caller ? lacks(caller, isSigned) : new Rejection('no_token');
    if (rejection) reject(rejection, request, response, next);
    else next();
  };

  /** @param {string[]} scopes */
  const anyScope = (scopes) => {
    if (!Array.isArray(scopes) || scopes.length === 0) throw new ConfigError('anyScope needs a list of scopes');
    for (const scope of scopes)
      if (typeof scope !== 'string' || !SCOPE.test(scope)) throw new ConfigError(`this is not one scope: ${scope}`);
    const required = scopes.join(' ');
    return requirement(({ hasScope }) =>
      scopes.some((scope) => hasScope(scope)) ? undefined : new Rejection('insufficient_scope', { required }));
  };

  /** @type {Methods} */
  const methods = {
    anyScope,
    scope: (scope) => anyScope([scope]),
    role: (role) => {
      if (typeof role !== 'string' || role === '') throw new ConfigError('a role is text');
      return requirement(({ hasRole }) => (hasRole(role) ? undefined : new Rejection('missing_role', { required: role })));
    },
    onlySignedUrls: () => requirement((_, isSigned) => (isSigned ? undefined : new Rejection('no_signed_url'))),
    requireAcr: (acrValues) => methods.stepUp({ acrValues }),
    maxAge: (maxAge) => methods.stepUp({ maxAge }),
    stepUp: (wanted) => {
      const needed = neededSignIn(wanted);
      return requirement(({ claims }) =>
        suffices(claims, needed, clock.now(), leeway) ? undefined : new Rejection('insufficient_authentication', { needed }));
    },
    async verify(token) {
      try {
        if (typeof token !== 'string') throw new Rejection('malformed_token');
        const proven = judge.look(token) ?? (await judge.verify(token));
        // There is no request whose proof could stand beside it.
        if (proven.jkt !== undefined || proven.x5t !== undefined) throw new Rejection('sender_constrained');
        return proven.caller;
      } catch (error) {
        if (error instanceof Rejection) note(error);
        throw error;
      }
    },
    webSockets: (server, handle, options = {}) => webSockets(core, server, handle, options),
    socketIo: (needs = {}) => socketIo(core, needs),
    signUrl(caller, target, options = {}) {
      if (!urls) throw new ConfigError('signUrl needs the option signedUrls');
      return urls.sign(caller, target, options);
    },
    ready: () => awaited(Promise.all([keys.load(), revocation.ready()]).then(() => {})),
    status: () => ({
      ...revocation.status(clock.now()),
      cache: { entries: seen.size, hits: seen.hits, misses: seen.misses },
      ...(proofs && { proofs: { entries: proofs.size, forgotten: proofs.forgotten } }),
      openConnections: open.size,
      refusals: Object.fromEntries(refusals),
    }),
    metadata() {
      const { path, url } = metadataAddress(audience);
      metadataUrl ??= url;
      return metadataHandler(path, metadataDocument(settings));
    },
    close: () => revocation.close(),
  };
  return Object.assign(middleware, methods);
}

/**
 * The parts of a guard.
 * @param {Settings} settings
 * @param {import('./clock.js').Clock} clock
 */
function assemble(settings, clock) {
  const { issuer, fetch, jwksUrl, algorithms, credentials, whenStale, remember } = settings;
  const discovery = new Discovery(fetch, issuer);
  const keys = new KeyCache({ clock, fetch, discovery, jwksUrl, algorithms });
  const verifier = new Verifier(settings, keys);
  const seen = new Seen(remember);
  const mayLackDiscovery = jwksUrl !== undefined;
  const revocation = new Revocation(settings, { issuer, clock, fetch, discovery, keys, credentials, mayLackDiscovery });
  const introspector = whenStale === 'introspect' ? new Introspector({ clock, fetch, discovery, credentials }) : undefined;
  return { keys, seen, revocation, judge: new Judge({ clock, keys, verifier, seen, revocation, introspector }) };
}
