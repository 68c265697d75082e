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
 * Names provider, address and the key of the settings without telling them: 32 hexadecimal digits. It stays the same
 * when keys are listed in another order.
 */
export function markOf(settings: ProviderSettings): string {
  return remembered(marks, settings, ({ id, baseUrl, apiKey = '' }) => [id, baseUrl, apiKey]);
}

/** The same for all keys of a provider that has several; of the only key otherwise. */
export function commonMarkOf(settings: ProviderSettings): string {
  if (settings.apiKeys === undefined) return markOf(settings);
  return remembered(commonMarks, settings, ({ id, baseUrl }) => [id, baseUrl]);
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
