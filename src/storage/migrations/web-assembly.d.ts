/** The part of WebAssembly used here: Node has it, but TypeScript describes it only together with a browser's DOM. */
declare namespace WebAssembly {
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ readonly instance: { readonly exports: Record<string, unknown> } }>;
}
