/**
 * @param {Options} options
 * @returns {Settings}
 */
export function checkedOptions(options: Options): Settings;
export type Options = {
    /**
     * exactly as in its discovery document; https, or http on loopback
     */
    issuer: string;
    /**
     * what tokens must name, exactly
     */
    audience: string;
    /**
     * only these; otherwise every one with a key pair, never a shared secret
     */
    algorithms?: string[] | undefined;
    /**
     * seconds that the clocks of issuer and API may differ: 30, at most 300
     */
    leeway?: number | undefined;
    /**
     * also `typ: JWT` or none, for issuers older than RFC 9068
     */
    acceptPlainJwt?: boolean | undefined;
    /**
     * also read the token from this cookie
     */
    cookie?: string | undefined;
    /**
     * besides the API's own, whose pages may change things with the cookie
     */
    cookieOrigins?: string[] | undefined;
    /**
     * also read the token from the parameter `access_token`
     */
    query?: boolean | undefined;
    /**
     * of the challenges: the audience
     */
    realm?: string | undefined;
    /**
     * no token is anonymous (`req.auth` is missing); a bad one is still refused
     */
    optional?: boolean | undefined;
    /**
     * is told every refusal and its cause
     */
    onReject?: ((rejection: import("./errors.js").Rejection, request?: import("node:http").IncomingMessage) => void) | undefined;
    /**
     * `auto`: follows the feed of an issuer that has one;
     * `required`: one that has none is as good as one whose feed is cut
     */
    revocation?: "required" | "auto" | "off" | undefined;
    /**
     * seconds that what is known about revocation may be old: 30
     */
    maxStaleness?: number | undefined;
    /**
     * what becomes of tokens then: `accept`, with a warning
     */
    whenStale?: "accept" | "introspect" | "refuse" | undefined;
    /**
     * of this API with the issuer, for introspection and a feed that
     * wants them
     */
    credentials?: {
        id: string;
        secret: string;
    } | undefined;
    /**
     * also takes tokens that are bound to a key, with a proof of it in every request
     * (RFC 9449). Without it they are refused
     */
    dpop?: import("./dpop.js").DpopOptions | undefined;
    /**
     * also takes tokens that are bound to the certificate of
     * the connection (RFC 8705). Without it they are refused
     */
    certificates?: import("./certificates.js").CertificateOptions | undefined;
    /**
     * 32 random bytes that all nodes of the API share: signs URLs (`guard.signUrl`), and takes them in
     * place of a token
     */
    signedUrls?: Uint8Array<ArrayBufferLike> | undefined;
    /**
     * that clients may need here, as the metadata tells them (RFC 9728)
     */
    scopesSupported?: string[] | undefined;
    /**
     * how many verified tokens: 16384, 0 for none
     */
    remember?: number | undefined;
    /**
     * the key set, where it is not what discovery names
     */
    jwksUrl?: string | undefined;
    /**
     * instead of our own
     */
    fetch?: typeof fetch | undefined;
};
export type Settings = Required<Omit<Options, "cookie" | "onReject" | "credentials" | "dpop" | "certificates" | "signedUrls" | "jwksUrl" | "fetch">> & Pick<Options, "cookie" | "onReject" | "credentials" | "dpop" | "certificates" | "signedUrls"> & {
    jwksUrl?: URL;
    fetch: import("./http.js").Fetch;
};
