export function openSocket(auth: Auth, url: string | URL, options?: {
    protocols?: string[];
    WebSocket?: typeof WebSocket;
}): AuthSocket;
/** Made by openSocket(). */
export class AuthSocket extends EventTarget {
    /**
     * @param {Auth} auth
     * @param {string | URL} url
     * @param {{ protocols?: string[], WebSocket?: typeof WebSocket }} options
     */
    constructor(auth: Auth, url: string | URL, options?: {
        protocols?: string[];
        WebSocket?: typeof WebSocket;
    });
    /** Whether the connection is open, and known to be this person's. */
    get isOpen(): boolean;
    /**
     * Sends text or bytes.
     * @param {string | ArrayBufferLike | ArrayBufferView | Blob} data
     * @returns {boolean} whether it was handed over: nothing is kept for a connection that is not open
     */
    send(data: string | ArrayBufferLike | ArrayBufferView | Blob): boolean;
    /** Ends it. */
    close(): void;
    #private;
}
export type Auth = import("./symbolon.js").Auth;
