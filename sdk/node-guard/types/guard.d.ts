/**
 * A guard for the tokens that `issuer` issues to be used at `audience`. Nothing is fetched before the first token comes, or
 * {@link Methods.ready} is called.
 * @param {Options} options
 * @param {import('./clock.js').Clock} [clock] instead of the machine's, for tests
 * @returns {Guard}
 */
export function createGuard(options: Options, clock?: import("./clock.js").Clock): Guard;
export type Caller = import("./caller.js").Caller;
export type Claims = import("./caller.js").Claims;
export type Reason = import("./errors.js").Reason;
export type Options = import("./options.js").Options;
export type Settings = import("./options.js").Settings;
export type Request = import("node:http").IncomingMessage & {
    auth?: Caller;
};
export type Response = import("node:http").ServerResponse;
/**
 * A request as it stands behind the guard, for handlers in TypeScript: `(req: WithAuth<Request>, res) => …`.
 */
export type WithAuth<Base> = Base & {
    auth?: Caller;
};
export type Middleware = (request: Request, response: Response, next: (error?: unknown) => void) => void | Promise<void>;
/**
 * How the guard is doing.
 */
export type Status = {
    /**
     * the stream is open and has brought news
     */
    following: boolean;
    /**
     * the issuer's log
     */
    epoch: string | null;
    /**
     * the number of the last entry
     */
    seq: number | null;
    /**
     * how many ids and rules are known to be revoked
     */
    setSize: number;
    /**
     * the memory they take
     */
    setBytes: number;
    /**
     * entries of kinds that this version does not know
     */
    unknownEntries: number;
    /**
     * how old that knowledge is; null: there is none
     */
    stalenessSeconds: number | null;
    /**
     * how long the newest revocation of the stream took to get here, by both clocks
     */
    lagSeconds: number | null;
    /**
     * why the feed is not followed
     */
    lastError: string | null;
    /**
     * of verified tokens
     */
    cache: {
        entries: number;
        hits: number;
        misses: number;
    };
    /**
     * used proofs that are remembered, and how many were let go for
     * lack of room; with the option `dpop`
     */
    proofs?: {
        entries: number;
        forgotten: number;
    } | undefined;
    /**
     * WebSockets and Socket.IO connections whose caller is known
     */
    openConnections: number;
    /**
     * by cause
     */
    refusals: Partial<Record<Reason, number>>;
};
export type Methods = {
    /**
     * lets pass only callers with this scope; stands behind the guard
     */
    scope: (scope: string) => Middleware;
    /**
     * the same with at least one of these
     */
    anyScope: (scopes: string[]) => Middleware;
    /**
     * the same with this role
     */
    role: (role: string) => Middleware;
    /**
     * lets pass only requests by a signed URL
     */
    onlySignedUrls: () => Middleware;
    /**
     * lets pass only callers who signed in in one of these ways (`acr`); others
     * are told so, and can have their user sign in again (RFC 9470)
     */
    requireAcr: (acrValues: string[]) => Middleware;
    /**
     * the same with a sign-in at most so long ago (`auth_time`)
     */
    maxAge: (seconds: number) => Middleware;
    /**
     * both in one
     */
    stepUp: (needed: {
        acrValues?: string[];
        maxAge?: number;
    }) => Middleware;
    /**
     * a token that came some other way, such as a WebSocket's first
     * message; fails with a {@link Rejection}, also for one that is bound to a key
     */
    verify: (token: string) => Promise<Caller>;
    /**
     * a listener for the event `upgrade` of an HTTP server: opens WebSockets of `ws` that end with their token
     */
    webSockets: (server: import("./websocket.js").Server, handle: (socket: GuardedSocket, request: Request) => void, options?: import("./websocket.js").WebSocketOptions) => (request: Request, stream: import("node:stream").Duplex, head: Buffer) => void;
    /**
     * a middleware for `io.use`:
     * Socket.IO connections that end with the token of their handshake
     */
    socketIo: (needs?: import("./realtime.js").Needs) => import("./socket-io.js").SocketIoMiddleware;
    /**
     * path and query with a
     * signature, by which whoever has it may make this one request for a minute; with the option `signedUrls`
     */
    signUrl: (caller: Caller, target: string, options?: import("./signed.js").UrlOptions) => string;
    /**
     * fetches what the first request would wait for; fails when it is not to be had
     */
    ready: () => Promise<void>;
    status: () => Status;
    /**
     * tells which issuer this API trusts (RFC 9728); stands before the guard. The challenges
     * name its address
     */
    metadata: () => Middleware;
    /**
     * lets go of the feed; the guard goes on with what it knows
     */
    close: () => void;
};
export type Guard = Middleware & Methods;
import { ConfigError } from './errors.js';
import { GuardedSocket } from './websocket.js';
import { Rejection } from './errors.js';
export { ConfigError, GuardedSocket, Rejection };
