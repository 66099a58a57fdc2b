/**
 * @typedef {object} Session
 * @property {Record<string, any>} user claims about the person
 * @property {Record<string, any>} claims of the access token
 * @property {string} csrfToken for the page, if it is to send requests without the SDK
 * @property {number} expiresAt of the access token, ms since the epoch
 */
/**
 * Whom a request's cookie signs in; null if nobody, or if it is of another client. Fails when the issuer cannot be
 * asked.
 * @param {{ headers: Headers | { cookie?: string } }} request of a browser, as fetch servers or Node know it
 * @param {{ issuer: string, clientId: string, fetch?: typeof globalThis.fetch }} options
 * @returns {Promise<Session | null>}
 */
export function sessionOf({ headers }: {
    headers: Headers | {
        cookie?: string;
    };
}, { issuer, clientId, fetch }: {
    issuer: string;
    clientId: string;
    fetch?: typeof globalThis.fetch;
}): Promise<Session | null>;
export type Session = {
    /**
     * claims about the person
     */
    user: Record<string, any>;
    /**
     * of the access token
     */
    claims: Record<string, any>;
    /**
     * for the page, if it is to send requests without the SDK
     */
    csrfToken: string;
    /**
     * of the access token, ms since the epoch
     */
    expiresAt: number;
};
