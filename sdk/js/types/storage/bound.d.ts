/** @typedef {import('../tokens.js').Store} Store */
/**
 * The store of the mode that was asked for. `auto` is IndexedDB with a key beside the refresh token, and `memory` where
 * that cannot be.
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @returns {Promise<Store>}
 */
export function open(context: import("../sign-in.js").Context, options: import("../symbolon.js").Options): Promise<Store>;
export type Store = import("../tokens.js").Store;
