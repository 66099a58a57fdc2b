/**
 * Where the document is: the audience's path goes behind the well-known one (RFC 9728 §3.1). An audience that is no address
 * has a path and no URL.
 * @param {string} audience
 * @returns {{ path: string, url?: string }}
 */
export function metadataAddress(audience: string): {
    path: string;
    url?: string;
};
/**
 * The document (RFC 9728 §2).
 * @param {{ issuer: string, audience: string, query: boolean, dpop?: { required?: boolean }, certificates?: object,
 *   scopesSupported: string[] }} settings
 */
export function metadataDocument({ issuer, audience, query, dpop, certificates, scopesSupported }: {
    issuer: string;
    audience: string;
    query: boolean;
    dpop?: {
        required?: boolean;
    };
    certificates?: object;
    scopesSupported: string[];
}): string;
/**
 * Answers requests for the document and lets others pass.
 * @param {string} path
 * @param {string} document
 * @returns {import('./guard.js').Middleware}
 */
export function metadataHandler(path: string, document: string): import("./guard.js").Middleware;
