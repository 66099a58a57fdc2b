/** Every failure the SDK reports. */
export class AuthError extends Error {
    /**
     * @param {string} code stable, for programs
     * @param {string} [detail] for developers: never a secret
     */
    constructor(code: string, detail?: string);
    /** Stable code, such as `login_required`. */
    code: string;
    /** What to do about it. */
    hint: string;
}
export function oauthCode(value: unknown): string;
