export class Introspector {
    /**
     * @param {{ clock: import('./clock.js').Clock, fetch: import('./http.js').Fetch,
     *   discovery: import('./discovery.js').Discovery, credentials?: { id: string, secret: string } }} wiring
     */
    constructor(wiring: {
        clock: import("./clock.js").Clock;
        fetch: import("./http.js").Fetch;
        discovery: import("./discovery.js").Discovery;
        credentials?: {
            id: string;
            secret: string;
        };
    });
    /**
     * Whether the issuer calls the token active. Fails when it could not be asked.
     * @param {string} token
     */
    isActive(token: string): Promise<boolean>;
    #private;
}
