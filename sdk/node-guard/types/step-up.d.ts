/**
 * How a caller's user must have signed in.
 * @typedef {object} SignIn
 * @property {string[]} acrValues in one of these ways; in any, if there are none
 * @property {number | undefined} maxAge at most so many seconds ago
 */
/**
 * @param {{ acrValues?: string[], maxAge?: number }} wanted
 * @returns {SignIn}
 */
export function neededSignIn({ acrValues, maxAge }: {
    acrValues?: string[];
    maxAge?: number;
}): SignIn;
/**
 * Whether the user has signed in like this. Who does not say when it was has not shown that it was lately.
 * @param {import('./caller.js').Claims} claims
 * @param {SignIn} needed
 * @param {number} now
 * @param {number} leeway
 */
export function suffices({ acr, auth_time: at }: import("./caller.js").Claims, { acrValues, maxAge }: SignIn, now: number, leeway: number): boolean;
/**
 * How a caller's user must have signed in.
 */
export type SignIn = {
    /**
     * in one of these ways; in any, if there are none
     */
    acrValues: string[];
    /**
     * at most so many seconds ago
     */
    maxAge: number | undefined;
};
