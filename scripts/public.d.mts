// The types of public.mjs, which the build reads as plain JavaScript.

export declare const publicFiles: { readonly [folder: string]: readonly string[] };
