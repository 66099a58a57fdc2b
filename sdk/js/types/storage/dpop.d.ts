/** @param {Env} env @returns {Promise<Key>} */
export function newKey(env: Env): Promise<Key>;
/**
 * What sends requests with proofs.
 * @param {Env} env
 * @param {import('../server.js').Server} server whose clock counts
 */
export function prover(env: Env, server: import("../server.js").Server): (key: Key, send: Send, request: Request, token?: string) => Promise<Response>;
export type Env = import("../symbolon.js").Env;
export type Send = import("../server.js").Send;
export type Key = {
    privateKey: CryptoKey;
    jwk: JsonWebKey;
};
