// Checks for mistakes in the program itself. Wrong input is a Diagnostic, never an assertion.

export function assertDefined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(`assertion failed: ${message}`);
  return value;
}

/** The default branch of every switch over a union: a new member fails to compile here. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unreachable value ${String(value)}`);
}
