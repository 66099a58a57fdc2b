/**
 * The one table from cause to ending.
 * @param {import('./errors.js').Rejection} rejection
 * @returns {Ending}
 */
export function endingOf({ reason, status, error }: import("./errors.js").Rejection): Ending;
export namespace TOKEN_MISSING {
    let code: number;
    let reason: string;
}
export namespace OTHER_SUBJECT {
    let code_1: number;
    export { code_1 as code };
    let reason_1: string;
    export { reason_1 as reason };
}
export namespace TOO_BIG {
    let code_2: number;
    export { code_2 as code };
    let reason_2: string;
    export { reason_2 as reason };
}
export type Ending = {
    code: number;
    reason: string;
};
