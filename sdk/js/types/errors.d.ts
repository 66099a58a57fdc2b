/**
 * Errors of the SDK: one class, a stable code, a hint for the developer. No token, code or verifier ever gets in here,
 * and nothing from a URL but a checked error code: what an attacker can put in a link is not shown.
 */
/** What a person decides, or must be asked. */
export const PERSONAL: RegExp;
export namespace HINTS {
    let config: string;
    let id_token: string;
    let network: string;
}
/** Every failure the SDK reports. */
export class AuthError extends Error {
    /** Where the issuer tells more about each code. */
    static home: string;
    /**
     * @param {string} code stable, for programs
     * @param {string} [detail] for developers: never a secret
     * @param {string} [hint] what to do about it
     */
    constructor(code: string, detail?: string, hint?: string);
    /** Stable code, such as `login_required`. */
    code: string;
    /** What to do about it. */
    hint: string;
    /** Where more is said about it. */
    docs: string;
}
export function oauthCode(value: unknown): string;
