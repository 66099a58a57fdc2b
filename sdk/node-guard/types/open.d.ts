export class Open {
    /**
     * @param {{ clock: import('./clock.js').Clock, judge: import('./judge.js').Judge, note: (rejection: Rejection) => void }} wiring
     */
    constructor(wiring: {
        clock: import("./clock.js").Clock;
        judge: import("./judge.js").Judge;
        note: (rejection: Rejection) => void;
    });
    get size(): number;
    /**
     * Takes in a connection whose token was judged good; gives the way to renew and to leave.
     * @param {string} token
     * @param {Proven} proven
     * @param {Terms} terms
     */
    enter(token: string, proven: Proven, terms: Terms): {
        /** @param {string} token @param {Proven} proven */
        renew: (token: string, proven: Proven) => void;
        leave: () => undefined;
    };
    /** Looks at all of them. */
    look(): void;
    #private;
}
export type Proven = import("./verify.js").Proven;
export type Caller = import("./caller.js").Caller;
/**
 * A connection, as the one who opened it sees it.
 */
export type Terms = {
    /**
     * what the caller must have
     */
    lacks: (caller: Caller) => Rejection | undefined;
    /**
     * is told of other claims
     */
    renewed: (caller: Caller) => void;
    /**
     * the token does not count any more
     */
    over: (rejection: Rejection) => void;
};
export type Entry = Terms & {
    token: string;
    proven: Proven;
    asked: boolean;
    askFrom: number;
};
import { Rejection } from './errors.js';
