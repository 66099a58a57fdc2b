/**
 * What sends token requests from now on.
 * @param {Env} env
 * @param {string[]} endpoints
 * @returns {Promise<(request: Request) => Promise<Response>>}
 */
export function keep(env: Env, endpoints: string[]): Promise<(request: Request) => Promise<Response>>;
export type Env = import("../symbolon.js").Env;
export type Ask = [url: string, headers: [string, string][], body: string];
export type Answer = [status: number, headers: [string, string][], text: string];
