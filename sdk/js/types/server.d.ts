/** The issuer as one client sees it. */
export class Server {
    /**
     * @param {Env} env
     * @param {string} issuer
     * @param {string} clientId
     */
    constructor(env: Env, issuer: string, clientId: string);
    /** Seconds the server's clock is ahead of ours, measured from its Date header. */
    skew: number;
    env: typeof globalThis;
    issuer: string;
    clientId: string;
    /** Seconds since the epoch by the server's clock. */
    get now(): number;
    /** The discovery document, loaded once; a failed load is tried again next time. */
    metadata(): Promise<Json>;
    /**
     * A token request. An OAuth error is thrown under its own code.
     * @param {[string, string | undefined][]} params
     */
    token(params: [string, string | undefined][]): Promise<Json>;
    /**
     * Revokes a refresh token and, with it, everything of this sign-in.
     * @param {string} token
     */
    revoke(token: string): Promise<void>;
    /**
     * The person's profile.
     * @param {string} token
     * @param {unknown} sub must be the ID token's (OpenID Connect Core §5.3.2)
     */
    userinfo(token: string, sub: unknown): Promise<Json>;
    #private;
}
export type Json = Record<string, any>;
export type Env = import("./symbolon.js").Env;
