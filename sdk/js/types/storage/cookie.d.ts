/**
 * @param {import('../sign-in.js').Context} context
 * @param {Pick<Store, 'load' | 'save'>} record for all tabs
 * @returns {Store}
 */
export function cookies({ env, server, tokens, apis, error }: import("../sign-in.js").Context, record: Pick<Store, "load" | "save">): Store;
export type Store = import("../tokens.js").Store;
export type Saved = import("../tokens.js").Saved;
export type Json = import("../server.js").Json;
/**
 * with the token of its session's pages, where it is news
 */
export type Known = Saved & {
    page?: string;
};
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
