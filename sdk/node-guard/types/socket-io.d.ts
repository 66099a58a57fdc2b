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
export function socketIo(core: Core, { scope, role, ...more }: import("./realtime.js").Needs): SocketIoMiddleware;
export type Core = import("./realtime.js").Core;
export type Caller = import("./caller.js").Caller;
/**
 * What we need of a socket of `socket.io`.
 */
export type Socket = {
    handshake: {
        auth: any;
    };
    request: any;
    data: any;
    emit(event: string, ...args: any[]): any;
    on(event: string, listener: (...args: any[]) => void): any;
    disconnect(close?: boolean): any;
    connected: boolean;
};
export type SocketIoMiddleware = (socket: Socket, next: (error?: Error) => void) => void;
