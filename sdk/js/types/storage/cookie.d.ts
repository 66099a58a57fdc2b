/**
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @returns {Store}
 */
export function cookies({ env, prefix, server, tokens, apis, error }: import("../sign-in.js").Context, { dpop }: import("../symbolon.js").Options): Store;
export type Store = import("../tokens.js").Store;
export type Saved = import("../tokens.js").Saved;
export type Json = import("../server.js").Json;
/**
 * in Web Storage, for all tabs
 */
export type Kept = {
    turn: string;
    nonce: string;
    csrf: string;
    claims: Json;
};
