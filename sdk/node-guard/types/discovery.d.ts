/**
 * A small JSON object.
 * @param {import('./http.js').Fetch} fetch
 * @param {string} what for the message
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<{ json: Record<string, unknown>, reply: import('./http.js').Reply }>}
 */
export function fetchJson(fetch: import("./http.js").Fetch, what: string, url: URL, signal: AbortSignal): Promise<{
    json: Record<string, unknown>;
    reply: import("./http.js").Reply;
}>;
/**
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown> | undefined}
 */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined;
/** The document, kept until somebody says that it is wrong. */
export class Discovery {
    /**
     * @param {import('./http.js').Fetch} fetch
     * @param {string} issuer
     */
    constructor(fetch: import("./http.js").Fetch, issuer: string);
    /** What was learned may have changed. */
    forget(): void;
    /**
     * @param {AbortSignal} signal
     * @returns {Promise<Metadata>}
     */
    load(signal: AbortSignal): Promise<Metadata>;
    #private;
}
export type Metadata = {
    jwks?: URL | undefined;
    /**
     * of revocations
     */
    stream?: URL | undefined;
    /**
     * of revocations
     */
    snapshot?: URL | undefined;
    introspection?: URL | undefined;
};
