import type { ProviderKey, ProviderSettings } from '../../catalog/model.js';
import type { Section, TextRule } from './section.js';

const MOST_KEYS = 64;

export const PROVIDER_ID: TextRule = {
  test: (id) => /^[A-Za-z0-9._-]{1,64}$/.test(id),
  words: '1 to 64 letters, digits, dots, dashes and underscores',
};
const KEY: TextRule = { test: isHeaderValue, words: 'characters that a header can carry' };

type Keys = Pick<ProviderSettings, 'apiKey' | 'apiKeys' | 'reasoningScope'>;

/** `api_key`, or several in `api_keys`, each a text or `{key, reasoning_scope}`. */
export function readKeys(section: Section): Keys {
  if (section.isMissing('api_keys')) return only(readKey(section, 'api_key'));
  if (!section.isMissing('api_key'))
    section.refuse('api_keys', 'takes the place of api_key; only one of them');
  const keys = section.entries('api_keys').flatMap((entry) => readKey(entry, entry.keys()[0] ?? '') ?? []);
  if (section.isEmptyList('api_keys')) section.refuse('api_keys', 'must not be empty');
  if (keys.length > MOST_KEYS) section.refuse('api_keys', `may have at most ${MOST_KEYS} keys`);
  if (new Set(keys.map(({ key }) => key)).size < keys.length)
    section.refuse('api_keys', 'has the same key twice');
  return keys.length > 1 ? { apiKey: keys[0]?.key, apiKeys: keys } : only(keys[0]);
}

export function readReasoningScope(section: Section): { readonly reasoningScope?: string } {
  const reasoningScope = section.text('reasoning_scope', PROVIDER_ID);
  return reasoningScope === undefined ? {} : { reasoningScope };
}

export function isHeaderValue(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}

function only(key: ProviderKey | undefined): Keys {
  const { key: apiKey, ...own } = key ?? { key: undefined };
  return { apiKey, ...own };
}

function readKey(section: Section, name: string): ProviderKey | undefined {
  if (section.isMapping(name)) {
    const mapping = section.section(name);
    mapping?.require('key');
    const key = mapping?.text('key', KEY);
    const scope = mapping ? readReasoningScope(mapping) : {};
    mapping?.end();
    return key === undefined ? undefined : { key, ...scope };
  }
  const key = section.text(name, KEY);
  return key === undefined ? undefined : { key };
}
