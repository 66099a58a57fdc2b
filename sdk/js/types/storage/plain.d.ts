/**
 * The store of `session`, `local` or `cookie`.
 * @param {import('../sign-in.js').Context} context
 * @param {import('../symbolon.js').Options} options
 * @returns {Promise<import('../tokens.js').Store>}
 */
export function open(context: import("../sign-in.js").Context, { storage, dpop, tabs }: import("../symbolon.js").Options): Promise<import("../tokens.js").Store>;
export { own };
import { own } from './tab.js';
