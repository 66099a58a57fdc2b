/**
 * Keeps the process alive until the promise is settled: what we do in the background does not.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function awaited<T>(promise: Promise<T>): Promise<T>;
/**
 * Waits, or until the signal aborts.
 * @param {Clock} clock
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void>;
/**
 * The clock: the only file that asks the system for the time, for a timer or for a random number.
 *
 * Two readings, because they answer two questions. Claims such as `exp` (RFC 7519 §4.1.4) are compared with the wall clock;
 * ages are measured by a clock that never jumps.
 */
/**
 * @typedef {object} Clock
 * @property {() => number} now whole seconds since 1970
 * @property {() => number} steady milliseconds since some fixed moment; never goes back
 * @property {() => number} random from 0 up to 1, to spread what would otherwise happen everywhere at once
 * @property {(ms: number, run: () => void) => () => void} after runs something later and gives a way to call it off; does
 *   not keep the process alive
 */
/** @type {Clock} The machine's. */
export const system: Clock;
/** A signal that aborts when its parent does, or when nobody has extended its time. */
export class Watchdog {
    /**
     * @param {Clock} clock
     * @param {AbortSignal} [parent]
     */
    constructor(clock: Clock, parent?: AbortSignal);
    /** @type {AbortSignal} */
    signal: AbortSignal;
    /**
     * From now on there is so much time.
     * @param {number} ms
     * @param {() => Error} why what the signal aborts with when it has passed
     */
    extend(ms: number, why: () => Error): void;
    /** Nothing is watched any more. */
    end(): void;
    #private;
}
export type Clock = {
    /**
     * whole seconds since 1970
     */
    now: () => number;
    /**
     * milliseconds since some fixed moment; never goes back
     */
    steady: () => number;
    /**
     * from 0 up to 1, to spread what would otherwise happen everywhere at once
     */
    random: () => number;
    /**
     * runs something later and gives a way to call it off; does
     * not keep the process alive
     */
    after: (ms: number, run: () => void) => () => void;
};
