import { entryIdOf, type Model } from './model.js';

/** @param allowedModels ids of entries; empty: all of them */
export function mayUse(
  { allowedModels }: { readonly allowedModels: readonly string[] },
  model: Model,
): boolean {
  return allowedModels.length === 0 || allowedModels.includes(entryIdOf(model));
}
