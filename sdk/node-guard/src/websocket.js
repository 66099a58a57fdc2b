/**
 * WebSockets by `ws` that live no longer than the token they were opened with.
 *
 * The token comes as the first message, `{"type":"authenticate","token":"…"}`, among the subprotocols as `symbolon.bearer.` and its
 * base64url, in the guard's cookie (then only from the API's own pages or `cookieOrigins`), or from other programs in the header. The same
 * message renews it. Codes: 4401 no token or one that does not count, 4403 scope or role missing or somebody else's token, 1013 come again.
 */

import { EventEmitter } from 'node:events';
import { endingOf, OTHER_SUBJECT, TOKEN_MISSING, TOO_BIG } from './endings.js';
import { ConfigError, Rejection } from './errors.js';
import { lines } from './extract.js';
import { judged, lacking, MAX_BYTES } from './realtime.js';

/** @typedef {import('./realtime.js').Core} Core */
/** @typedef {import('./realtime.js').Lacks} Lacks */
/** @typedef {import('./guard.js').Request} Request */
/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./verify.js').Proven} Proven */
/** @typedef {import('./endings.js').Ending} Ending */

/**
 * What we need of a `WebSocketServer` of `ws`, made with `noServer: true`.
 * @typedef {{ handleUpgrade(request: any, socket: any, head: any, done: (socket: any) => void): void, options: any }} Server
 */

/**
 * @typedef {object} WebSocketOptions
 * @property {string} [scope] only for callers with this scope
 * @property {string} [role] only for callers with this role
 * @property {number} [firstMessageWithin] seconds: 5
 * @property {number} [unauthenticated] how many connections may be open that have not shown a token yet: 1024
 */

const BEARER = 'symbolon.bearer';
/** Brings the token of a page whose access token is in a cookie, which other requests have in a header. */
const CSRF = 'symbolon.csrf';
/** The most that is sent to the far end before its token counts, in bytes of the wire: a message and its frames. */
const MAX_RAW_BYTES = MAX_BYTES + 1024;
/** RFC 6455 §7.1.1: how long the other end may take to close. */
const FAREWELL_MS = 1_000;

/** An open connection whose caller is known. Emits `message` (text, or a Buffer) and `close` (code, reason). */
export class GuardedSocket extends EventEmitter {
  #socket;
  /** Who is at the other end now. @type {Caller} */
  caller;

  /** @param {any} socket @param {Caller} caller */
  constructor(socket, caller) {
    super();
    this.#socket = socket;
    this.caller = caller;
  }

  /** How much waits for the client to read it, in bytes. @returns {number} */
  get bufferedAmount() {
    return this.#socket.bufferedAmount;
  }

  /** Sends text or bytes; nothing once the connection has ended. @param {string | Uint8Array} data */
  send(data) {
    this.#socket.send(data, () => {});
  }

  /** @param {number} [code] from 4000 to 4999, or 1000 @param {string} [reason] */
  close(code = 1000, reason = '') {
    this.#socket.close(code, reason);
  }
}

/**
 * A listener for a server's `upgrade` event: opens connections and hands those whose caller is known to `handle`.
 * @param {Core} core
 * @param {Server} server
 * @param {(socket: GuardedSocket, request: Request) => void} handle
 * @param {WebSocketOptions} options
 */
export function webSockets(core, server, handle, options) {
  const { scope, role, firstMessageWithin = 5, unauthenticated = 1024, ...more } = options;
  for (const name of Object.keys(more)) throw new ConfigError(`there is no option ${name}`);
  if (server?.options?.noServer !== true) throw new ConfigError('the WebSocketServer must be made with noServer: true');
  if (!(server.options.maxPayload <= 1024 * 1024)) throw new ConfigError('the WebSocketServer needs a maxPayload of at most 1048576');
  if (typeof handle !== 'function') throw new ConfigError('connections are handed to a function');
  const lacks = lacking({ scope, role });
  let unknown = 0;

  /**
   * @param {Request} request
   * @param {import('node:stream').Duplex} stream
   * @param {Buffer} head
   */
  return (request, stream, head) => {
    const broken = () => stream.destroy();
    stream.on('error', broken);
    void (async () => {
      /** @type {{ token: string, proven: Proven } | Ending | undefined} */
      let known;
      try {
        known = await fromHandshake(core, lacks, request);
      } catch (error) {
        return refuse(stream, error);
      }
      if (!known && unknown >= unauthenticated) return refuse(stream, new Rejection('keys_unavailable'));
      if (!known) unknown++;
      let counted = !known;
      const settled = () => {
        if (counted) unknown--;
        counted = false;
      };
      stream.once('close', settled);
      if (stream.destroyed) return settled();
      const bounded = known ? undefined : bound(stream);
      server.handleUpgrade(request, stream, head, (socket) => {
        stream.off('error', broken);
        const connection = new Connection(core, lacks, request, socket, () => {
          settled();
          bounded?.();
        });
        void connection.begin(known, firstMessageWithin, handle);
      });
    })();
  };
}

/** Cuts off who sends too much too early. @param {import('node:stream').Duplex} stream */
function bound(stream) {
  let read = 0;
  /** @param {Buffer} piece */
  const count = (piece) => {
    read += piece.length;
    if (read > MAX_RAW_BYTES) stream.destroy();
  };
  stream.on('data', count);
  return () => void stream.off('data', count);
}

/**
 * Who asks, as far as the request tells. A page learns nothing of a refused handshake, so what pages send is refused on an open
 * connection, where it has a code; but a cookie on a page of somebody else opens none (RFC 6455 §10.2).
 * @param {Core} core
 * @param {Lacks} lacks
 * @param {Request} request
 */
async function fromHandshake(core, lacks, request) {
  const shown = inHandshake(core, request);
  if (!shown) return undefined;
  const { place, ...credentials } = shown;
  if (place === 'header') return judged(core, lacks, request, credentials);
  return judged(core, lacks, request, credentials, place === 'cookie' ? 'cookie' : 'header').catch(toEnding);
}

/**
 * The one token of a handshake.
 * @param {Core} core
 * @param {Request} request
 */
function inHandshake(core, request) {
  try {
    const page = takeProtocolToken(request, CSRF);
    if (page !== undefined && lines(request, 'x-csrf-token').length === 0) request.rawHeaders.push('x-csrf-token', page);
    const token = takeProtocolToken(request, BEARER);
    if (token !== undefined) {
      if (request.headers.authorization !== undefined) throw new Rejection('two_tokens');
      return { token, place: 'protocol' };
    }
    const found = core.find(request);
    if (!found) return undefined;
    if (found.place !== 'proof') return { token: found.token, place: found.place === 'cookie' ? 'cookie' : 'header' };
    const [proof, ...more] = lines(request, 'dpop');
    if (more.length > 0) throw new Rejection('dpop_several');
    return { token: found.token, dpop: proof ?? '', place: 'header' };
  } catch (error) {
    if (error instanceof Rejection) core.note(error, request);
    throw error;
  }
}

/** @param {unknown} error @returns {Ending} */
function toEnding(error) {
  if (error instanceof Rejection && error.reason !== 'cross_site') return endingOf(error);
  throw error;
}

/**
 * What stands behind a name among the subprotocols, which is taken away, so that it is never sent back.
 * @param {Request} request
 * @param {string} name
 */
function takeProtocolToken(request, name) {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  const tokens = offered.filter((one) => one.startsWith(`${name}.`));
  if (tokens.length === 0) return undefined;
  if (tokens.length > 1) throw new Rejection('two_tokens');
  const left = offered.filter((one) => one !== tokens[0]).join(', ');
  if (left === '') delete request.headers['sec-websocket-protocol'];
  else request.headers['sec-websocket-protocol'] = left;
  const encoded = tokens[0].slice(name.length + 1);
  if (!/^[\w-]+$/.test(encoded)) throw new Rejection('not_one_token');
  return Buffer.from(encoded, 'base64url').toString('latin1');
}

/**
 * Answers a handshake that is refused.
 * @param {import('node:stream').Duplex} stream
 * @param {unknown} error
 */
function refuse(stream, error) {
  const [status, body] = error instanceof Rejection ? [error.status, error.body] : [500, '{"error":"server_error"}'];
  const retry = error instanceof Rejection && error.retryAfterSecs ? `Retry-After: ${error.retryAfterSecs}\r\n` : '';
  stream.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n${retry}` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** One connection, from its first token to its end. */
class Connection {
  #core;
  #lacks;
  #request;
  #socket;
  #settled;
  #ended = false;
  /** @type {ReturnType<import('./open.js').Open['enter']> | undefined} */
  #ticket;
  /** @type {GuardedSocket | undefined} */
  #guarded;
  /** One message after the other: a renewal takes a moment. */
  #turn = Promise.resolve();

  /**
   * @param {Core} core
   * @param {Lacks} lacks
   * @param {Request} request
   * @param {any} socket
   * @param {() => void} settled it is known who is at the other end, or nobody is
   */
  constructor(core, lacks, request, socket, settled) {
    this.#core = core;
    this.#lacks = lacks;
    this.#request = request;
    this.#socket = socket;
    this.#settled = settled;
    socket.on('error', () => {});
    socket.on('close', (/** @type {number} */ code, /** @type {Buffer} */ reason) => {
      this.#ended = true;
      this.#ticket?.leave();
      settled();
      this.#guarded?.emit('close', code, reason.toString());
    });
  }

  /**
   * @param {{ token: string, proven: Proven } | Ending | undefined} known
   * @param {number} within seconds
   * @param {(socket: GuardedSocket, request: Request) => void} handle
   */
  async begin(known, within, handle) {
    const socket = this.#socket;
    const late = this.#core.clock.after(within * 1000, () => this.#end(TOKEN_MISSING));
    /** @param {{ token: string, proven: Proven }} shown */
    const open = ({ token, proven }) => {
      late();
      this.#settled();
      if (this.#ended || socket.readyState !== 1) return;
      const guarded = new GuardedSocket(socket, proven.caller);
      this.#guarded = guarded;
      this.#ticket = this.#core.open.enter(token, proven, {
        lacks: this.#lacks,
        renewed: (caller) => void (guarded.caller = caller),
        over: (rejection) => this.#end(endingOf(rejection)),
      });
      this.#authenticated(proven);
      handle(guarded, this.#request);
    };
    socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
      const broken = () => this.#end({ code: 1011, reason: 'server_error' });
      this.#turn = this.#turn.then(() => this.#message(data, isBinary, open)).catch(broken);
    });
    socket.on('close', late);
    if (!known) return;
    if ('code' in known) this.#end(known);
    else open(known);
  }

  /**
   * @param {Buffer} data
   * @param {boolean} isBinary
   * @param {(shown: { token: string, proven: Proven }) => void} open
   */
  async #message(data, isBinary, open) {
    if (this.#ended) return;
    const shown = isBinary ? undefined : authenticate(data);
    if (!this.#guarded) {
      if (data.length > MAX_BYTES) return this.#end(TOO_BIG);
      if (!shown) return this.#end(TOKEN_MISSING);
    }
    if (!shown) return void this.#guarded?.emit('message', isBinary ? data : data.toString());
    /** @type {{ token: string, proven: Proven }} */
    let good;
    try {
      good = await judged(this.#core, this.#lacks, this.#request, shown);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return this.#againOrOver(error);
    }
    if (this.#ended) return;
    if (!this.#guarded || !this.#ticket) return open(good);
    if (good.proven.caller.sub !== this.#guarded.caller.sub) return this.#end(OTHER_SUBJECT);
    this.#ticket.renew(good.token, good.proven);
    this.#authenticated(good.proven);
  }

  /**
   * Tells what helps to try again on this connection; anything else is its end.
   * @param {Rejection} rejection
   */
  #againOrOver(rejection) {
    const nonce = rejection.error === 'use_dpop_nonce' ? this.#core.nextNonce() : undefined;
    // The token at hand still counts, and nothing speaks against the new one.
    const keeps = this.#guarded !== undefined && rejection.status >= 500;
    if (nonce === undefined && !keeps) return this.#end(endingOf(rejection));
    this.#say({ type: 'refused', error: endingOf(rejection).reason, nonce });
  }

  /** @param {Proven} proven */
  #authenticated({ caller }) {
    this.#say({ type: 'authenticated', expires_in: Math.max(0, Math.floor(caller.exp) - this.#core.clock.now()) });
  }

  /** @param {object} message */
  #say(message) {
    this.#socket.send(JSON.stringify(message), () => {});
  }

  /** @param {Ending} ending */
  #end({ code, reason }) {
    if (this.#ended) return;
    this.#ended = true;
    this.#ticket?.leave();
    this.#settled();
    this.#socket.close(code, reason);
    const cut = this.#core.clock.after(FAREWELL_MS, () => this.#socket.terminate());
    this.#socket.on('close', cut);
  }
}

/**
 * A client shows a token; none: this is a message for the API.
 * @param {Buffer} data
 * @returns {{ token: unknown, dpop?: unknown } | undefined}
 */
function authenticate(data) {
  if (data.length > MAX_BYTES || !data.includes('"authenticate"')) return undefined;
  try {
    const { type, token, dpop } = JSON.parse(data.toString()) ?? {};
    return type === 'authenticate' && typeof token === 'string' ? { token, dpop } : undefined;
  } catch {
    return undefined;
  }
}
