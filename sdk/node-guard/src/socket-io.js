/**
 * Socket.IO connections that live no longer than the token of their handshake (`auth: { token }`).
 *
 * Who shows none, or one that does not count, gets `connect_error` with `data.code`; whose token ends later gets the event `unauthorized`
 * with the same codes and is disconnected. The event `authenticate` renews.
 */

import { endingOf, OTHER_SUBJECT } from './endings.js';
import { ConfigError, Rejection } from './errors.js';
import { judged, lacking } from './realtime.js';

/** @typedef {import('./realtime.js').Core} Core */
/** @typedef {import('./caller.js').Caller} Caller */

/**
 * What we need of a socket of `socket.io`.
 * @typedef {{ handshake: { auth: any }, request: any, data: any, emit(event: string, ...args: any[]): any,
 *   on(event: string, listener: (...args: any[]) => void): any, disconnect(close?: boolean): any, connected: boolean }} Socket
 */

/** @typedef {(socket: Socket, next: (error?: Error) => void) => void} SocketIoMiddleware */

/**
 * A middleware for `io.use`: sets `socket.data.caller`.
 * @param {Core} core
 * @param {import('./realtime.js').Needs} options
 * @returns {SocketIoMiddleware}
 */
export function socketIo(core, { scope, role, ...more }) {
  for (const name of Object.keys(more)) throw new ConfigError(`there is no option ${name}`);
  const lacks = lacking({ scope, role });
  return (socket, next) => {
    // What comes back that way would never be judged, and nobody would see its token end.
    if (/** @type {any} */ (socket).nsp?.server?.opts?.connectionStateRecovery?.skipMiddlewares) {
      next(new ConfigError('connectionStateRecovery of Socket.IO lets connections past the guard; set its skipMiddlewares: false'));
      return;
    }
    judged(core, lacks, socket.request, socket.handshake.auth ?? {}).then(
      (shown) => {
        attend(core, lacks, socket, shown);
        next();
      },
      (error) => next(refusal(core, error)),
    );
  };
}

/**
 * What `connect_error` brings.
 * @param {Core} core
 * @param {unknown} error
 */
function refusal(core, error) {
  const code = codeOf(error);
  const nonce = code === 'use_dpop_nonce' ? core.nextNonce() : undefined;
  return Object.assign(new Error(code), { data: { code, ...(nonce !== undefined && { nonce }) } });
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Rejection ? endingOf(error).reason : 'server_error');

/**
 * Sees to it that the connection ends with its token, or goes on with another.
 * @param {Core} core
 * @param {import('./realtime.js').Lacks} lacks
 * @param {Socket} socket
 * @param {{ token: string, proven: import('./verify.js').Proven }} shown
 */
function attend(core, lacks, socket, { token, proven }) {
  /** @param {Caller} caller */
  const renewed = (caller) => void (socket.data.caller = caller);
  /** @param {string} code */
  const end = (code) => {
    ticket.leave();
    socket.emit('unauthorized', { code });
    if (socket.connected) socket.disconnect(true);
    // Another middleware is still at work: there is nothing yet that could be disconnected, and must not be.
    else /** @type {any} */ (socket).conn?.close();
  };
  renewed(proven.caller);
  const ticket = core.open.enter(token, proven, { lacks, renewed, over: (rejection) => end(endingOf(rejection).reason) });
  socket.on('disconnect', () => ticket.leave());
  socket.on('authenticate', (/** @type {any} */ message, /** @type {unknown} */ ack) => {
    /** @param {object} answer */
    const answer = (answer) => typeof ack === 'function' && ack(answer);
    judged(core, lacks, socket.request, { token: message?.token, dpop: message?.dpop }).then(
      ({ token, proven: { caller }, proven }) => {
        if (!socket.connected) return;
        if (caller.sub !== socket.data.caller.sub) return end(OTHER_SUBJECT.reason);
        ticket.renew(token, proven);
        answer({ expires_in: Math.max(0, Math.floor(caller.exp) - core.clock.now()) });
      },
      (error) => {
        const code = codeOf(error);
        const nonce = code === 'use_dpop_nonce' ? core.nextNonce() : undefined;
        // The token at hand still counts, and nothing speaks against the new one.
        if (nonce !== undefined || (error instanceof Rejection && error.status >= 500)) return answer({ code, nonce });
        if (socket.connected) end(code);
      },
    );
  });
}
