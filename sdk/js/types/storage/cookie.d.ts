/**
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @param {Pick<Store, 'load' | 'save'>} record for all tabs
 * @returns {Store}
 */
export function cookies({ env, server, tokens, apis, error }: import("../sign-in.js").Context, { dpop }: import("../symbolon.js").Options, record: Pick<Store, "load" | "save">): Store;
export type Store = import("../tokens.js").Store;
export type Saved = import("../tokens.js").Saved;
export type Json = import("../server.js").Json;
/**
 * for all tabs
 */
export type Kept = {
    turn: string;
    nonce: string;
    csrf: string;
    claims: Json;
    got: Saved["access"];
};
