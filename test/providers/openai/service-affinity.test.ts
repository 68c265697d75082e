import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { PROFILE_NAMES, profileOf, type ProfileName } from '../../../src/catalog/provider-profiles.js';
import type { JsonObject } from '../../../src/base/json.js';
import { affinityOf } from '../../../src/providers/affinity.js';
import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { attemptFor, outcomeOf, settingsFor, targetFor } from '../support.js';

const HEADERS: Partial<Record<ProfileName, string>> = {
  xai: 'x-grok-conv-id',
  fireworks: 'x-session-affinity',
};
const KEPT_BY_FIELD: readonly ProfileName[] = ['openai', 'fireworks'];
const turn = { messages: [{ role: 'user', content: 'Hi' }] };

let upstream: ScriptedUpstream;
beforeEach(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => upstream.close());

/** @returns what went up, and the affinity of the call */
async function ask(settings: Partial<ProviderSettings>, chat: JsonObject) {
  const target = targetFor(settingsFor(upstream.url, settings));
  const provider = new OpenAiTextProvider(target.provider);
  const attempt = attemptFor(target, {}, chat);
  const affinity = affinityOf(attempt.request);
  await outcomeOf(provider.generate({ ...attempt, affinity: () => affinity }));
  await provider.destroy();
  const { headers, body } = upstream.requests.at(-1)!;
  return { headers, body, affinity };
}

describe("a service's own affinity", () => {
  it.each(PROFILE_NAMES)(
    'of %s is what that service knows, with the value of the conversation',
    async (name) => {
      const { headers, body, affinity } = await ask(profileOf(name), turn);
      expect(body['prompt_cache_key']).toBe(KEPT_BY_FIELD.includes(name) ? affinity : undefined);
      for (const header of Object.values(HEADERS))
        expect(headers[header]).toBe(header === HEADERS[name] ? affinity : undefined);
    },
  );

  it.each(PROFILE_NAMES)('of %s comes from the key of the client, where there is one', async (name) => {
    const { headers, body, affinity } = await ask(profileOf(name), { ...turn, prompt_cache_key: 'mine' });
    const other = await ask(profileOf(name), {
      messages: [{ role: 'user', content: 'x' }],
      prompt_cache_key: 'mine',
    });
    expect(other.affinity).toBe(affinity);
    expect(JSON.stringify([headers, body])).not.toContain('mine');
    const refuses = profileOf(name).omitFields.includes('prompt_cache_key');
    expect(body['prompt_cache_key']).toBe(refuses ? undefined : affinity);
    const header = HEADERS[name];
    if (header !== undefined) expect(headers[header]).toBe(affinity);
  });

  it('is set by single keys of the provider, and its own headers win', async () => {
    const affinityHeader = 'x-my-session';
    const { headers, affinity } = await ask({ affinityHeader }, turn);
    expect(headers[affinityHeader]).toBe(affinity);
    const fixed = await ask({ affinityHeader, headers: { 'X-My-Session': 'fixed' } }, turn);
    expect(fixed.headers[affinityHeader]).toBe('fixed');
    expect((await ask({ promptCacheKey: 'always' }, turn)).body['prompt_cache_key']).toBe(affinity);
  });
});
