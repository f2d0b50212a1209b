// snappyjs has no types of its own; this is the one function that we use.
declare module "snappyjs" {
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
}
