/**
 * Makes sure that the tab is not a copy of another that is open, before anything of it is used.
 * @param {import('../sign-in.js').Context} context whose prefix becomes another if it is
 */
export function own(context: import("../sign-in.js").Context): Promise<void>;
