/**
 * A listener for a server's `upgrade` event: opens connections and hands those whose caller is known to `handle`.
 * @param {Core} core
 * @param {Server} server
 * @param {(socket: GuardedSocket, request: Request) => void} handle
 * @param {WebSocketOptions} options
 */
export function webSockets(core: Core, server: Server, handle: (socket: GuardedSocket, request: Request) => void, options: WebSocketOptions): (request: Request, stream: import("node:stream").Duplex, head: Buffer) => void;
/** An open connection whose caller is known. Emits `message` (text, or a Buffer) and `close` (code, reason). */
export class GuardedSocket extends EventEmitter<[never]> {
    /** @param {any} socket @param {Caller} caller */
    constructor(socket: any, caller: Caller);
    /** Who is at the other end now. @type {Caller} */
    caller: Caller;
    /** How much waits for the client to read it, in bytes. @returns {number} */
    get bufferedAmount(): number;
    /** Sends text or bytes; nothing once the connection has ended. @param {string | Uint8Array} data */
    send(data: string | Uint8Array): void;
    /** @param {number} [code] from 4000 to 4999, or 1000 @param {string} [reason] */
    close(code?: number, reason?: string): void;
    #private;
}
export type Core = import("./realtime.js").Core;
export type Lacks = import("./realtime.js").Lacks;
export type Request = import("./guard.js").Request;
export type Caller = import("./caller.js").Caller;
export type Proven = import("./verify.js").Proven;
export type Ending = import("./endings.js").Ending;
/**
 * What we need of a `WebSocketServer` of `ws`, made with `noServer: true`.
 */
export type Server = {
    handleUpgrade(request: any, socket: any, head: any, done: (socket: any) => void): void;
    options: any;
};
export type WebSocketOptions = {
    /**
     * only for callers with this scope
     */
    scope?: string | undefined;
    /**
     * only for callers with this role
     */
    role?: string | undefined;
    /**
     * seconds: 5
     */
    firstMessageWithin?: number | undefined;
    /**
     * how many connections may be open that have not shown a token yet: 1024
     */
    unauthenticated?: number | undefined;
};
import { EventEmitter } from 'node:events';
