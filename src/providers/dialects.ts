import type { ProviderSettings } from '../catalog/model.js';
import { ANTHROPIC } from './anthropic/dialect.js';
import type { Adapters, Dialect } from './dialect.js';
import { GOOGLE } from './google/dialect.js';
import { OPENAI } from './openai/dialect.js';
import { SANDBOX } from './sandbox/dialect.js';

/** Every upstream dialect, by the `type` that providers of a gateway file have. */
export const DIALECTS = {
  openai: OPENAI,
  anthropic: ANTHROPIC,
  google: GOOGLE,
} satisfies Readonly<Record<string, Dialect>>;

const ADAPTERS: Readonly<Record<string, Adapters>> = { ...DIALECTS, sandbox: SANDBOX };

/** @throws Error for a provider that was not configured with these dialects. */
export function adaptersOf({ type }: ProviderSettings): Adapters {
  const adapters = ADAPTERS[type];
  if (!adapters) throw new Error(`there is no dialect ${type}`);
  return adapters;
}
