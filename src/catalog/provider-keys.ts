import { createHash } from 'node:crypto';
import type { ProviderSettings } from './model.js';

const eachKey = new WeakMap<ProviderSettings, readonly ProviderSettings[]>();
const marks = new WeakMap<ProviderSettings, string>();
const commonMarks = new WeakMap<ProviderSettings, string>();

/**
 * Settings for each of a provider's keys, with that key as `apiKey` and its own reasoning scope: whoever gets them
 * need not know that there are more. The same objects each time. Settings that are for one key stay alone.
 */
export function withEachKey(settings: ProviderSettings): readonly ProviderSettings[] {
  const known = eachKey.get(settings);
  if (known) return known;
  const { apiKeys, keyNumber } = settings;
  const each =
    apiKeys === undefined || keyNumber !== undefined
      ? [settings]
      : apiKeys.map(({ key, ...own }, index) => ({ ...settings, ...own, apiKey: key, keyNumber: index + 1 }));
  eachKey.set(settings, each);
  return each;
}

/** Whether both are for keys of one provider, of one version of the gateway file. */
export function haveSameKeys(one: ProviderSettings, other: ProviderSettings): boolean {
  return one === other || (one.apiKeys !== undefined && one.apiKeys === other.apiKeys);
}

/**
 * Names the provider and the key of the settings without telling the key: 32 hexadecimal digits. It stays the same when
 * keys are listed in another order, or anything else changes.
 */
export function markOf(settings: ProviderSettings): string {
  return remembered(marks, settings, ({ id, apiKey = '' }) => [id, apiKey]);
}

/** Names the provider with its address, and with its key if it has only one. */
export function commonMarkOf(settings: ProviderSettings): string {
  return remembered(commonMarks, settings, ({ id, baseUrl, apiKey = '', apiKeys }) => [
    id,
    baseUrl,
    apiKeys ? '' : apiKey,
  ]);
}

/** The settings for the key that has this mark; those of the first key where none has it any more. */
export function withMarkedKey(settings: ProviderSettings, mark: string | undefined): ProviderSettings {
  return withEachKey(settings).find((keyed) => mark !== undefined && markOf(keyed) === mark) ?? settings;
}

function remembered(
  known: WeakMap<ProviderSettings, string>,
  settings: ProviderSettings,
  what: (settings: ProviderSettings) => readonly string[],
): string {
  const before = known.get(settings);
  if (before !== undefined) return before;
  const mark = createHash('sha256')
    .update(JSON.stringify(what(settings)))
    .digest('hex')
    .slice(0, 32);
  known.set(settings, mark);
  return mark;
}
