/**
 * Starts the SDK and gives it to what is inside.
 * @param {{ auth: Auth, children?: Node }} props `auth`: made once, outside of any component
 */
export function SymbolonProvider({ auth, children }: {
    auth: Auth;
    children?: Node;
}): import("react").FunctionComponentElement<import("react").ProviderProps<import("./symbolon.js").Auth | undefined>>;
/** The current state, and `auth` with `login`, `logout`, `fetch` and the rest. */
export function useAuth(): {
    auth: import("./symbolon.js").Auth;
    /**
     * `error`: the issuer could not be asked
     */
    status: "loading" | "signed-out" | "signed-in" | "error";
    /**
     * claims about the person
     */
    user: Readonly<Record<string, any>> | null;
    /**
     * granted
     */
    scopes: readonly string[];
    /**
     * for showing and hiding things; the API decides
     */
    roles: readonly string[];
    /**
     * of the access token, ms since the epoch
     */
    expiresAt: number | null;
    /**
     * what last went wrong
     */
    error: import("./options.js").AuthError | null;
};
/** For everybody else, once that is known. @param {{ children?: Node }} props @returns {Node} */
export function SignedOut({ children }: {
    children?: Node;
}): Node;
/**
 * For people who have the role.
 * @param {{ role: string, otherwise?: Node, children?: Node }} props `otherwise`: for those who do not have it
 * @returns {Node}
 */
export function RequireRole({ role, otherwise, children }: {
    role: string;
    otherwise?: Node;
    children?: Node;
}): Node;
export function useUser(): Readonly<Record<string, any>> | null;
export function SignedIn({ children }: {
    children?: Node;
}): Node;
export type Auth = import("./symbolon.js").Auth;
export type Node = import("react").ReactNode;
