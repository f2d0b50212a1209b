// The first value of a field that is written millions of times and may exceed 32 bits.

/**
 * JavaScript engines lay an object out by the values that it first holds. A field that begins as a fraction keeps its layout,
 * and the code that was compiled for it, when the first large value comes.
 */
export const wide = 0.5;
