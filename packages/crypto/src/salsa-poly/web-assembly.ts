/** A linear memory. */
export interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
}

/** As much of WebAssembly as is used here: the language's own library does not declare it. */
export interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => WebAssemblyMemory
}

/** WebAssembly, where there is any: not under `--jitless`, for one. */
export function webAssembly(): WebAssemblyApi | undefined {
  return (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly
}
