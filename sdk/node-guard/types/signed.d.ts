export function signedBy(caller: Caller, key: import("./revocation/fingerprint.js").Fingerprint | undefined): undefined;
export class SignedUrls {
    /**
     * @param {Uint8Array} secret
     * @param {string} audience
     * @param {import('./clock.js').Clock} clock
     */
    constructor(secret: Uint8Array, audience: string, clock: import("./clock.js").Clock);
    /**
     * Path and query with the signature behind.
     * @param {Caller} caller
     * @param {string} target
     * @param {UrlOptions} options
     */
    sign(caller: Caller, target: string, { method, lifetime, once }: UrlOptions): string;
    /**
     * Judges a signed URL by itself; none, if this is not one. What was revoked is still to be asked.
     * @param {Request} request
     * @returns {Presented | undefined}
     */
    presented(request: Request): Presented | undefined;
    /**
     * Uses a URL up, if it is for a single use. After everything else was found good.
     * @param {Presented} presented
     */
    useUp({ once, expires }: Presented): void;
    #private;
}
export type Caller = import("./caller.js").Caller;
export type Request = import("./guard.js").Request;
export type UrlOptions = {
    /**
     * GET
     */
    method?: "GET" | "HEAD" | undefined;
    /**
     * seconds: 60, at most 300, and never longer than the caller's token
     */
    lifetime?: number | undefined;
    /**
     * to be used once: at each process, which remembers for itself
     */
    once?: boolean | undefined;
};
export type Presented = {
    caller: Caller;
    ids: import("./revocation/revoked.js").TokenIds;
    once: string | undefined;
    expires: number;
};
