import type { Model, ProviderSettings } from '../../catalog/model.js';
import { adaptersOf } from '../../providers/dialects.js';
import { withAnyKey } from '../../providers/discovery/with-any-key.js';
import type { ListedModel } from '../../providers/discovery/listed-model.js';
import { commandConfig } from '../configuration.js';
import type { Command } from './command.js';
import { readWords } from './words.js';

/** For each provider; a list that does not come by then does not come. */
const PATIENCE_MS = 30_000;
/** After the name of a model, of one version of it. */
const DATE = /^[-@]\d{4}-?\d{2}-?\d{2}$/;

export const checkModels: Command = {
  usage: [
    '',
    'Asks the providers which models they have, and names those that are offered here and that they do not list.',
    'Status: 0 they list all of them, 1 they do not, 2 a provider could not be asked',
  ],
  async run(words) {
    readWords(words, {});
    const { providers, models } = commandConfig().catalog;
    const results = await Promise.all(
      [...providers.values()].map((provider) => check(provider, [...models.values()])),
    );
    const found = results.filter((result) => result !== undefined);
    if (found.length === 0) process.stdout.write('No provider here lists models.\n');
    return Math.max(0, ...found);
  },
};

/** @returns the status; undefined for a provider that cannot list models */
async function check(provider: ProviderSettings, models: readonly Model[]): Promise<number | undefined> {
  const { listModels } = adaptersOf(provider);
  if (!listModels || provider.apiVersion !== undefined) return undefined;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let listed: readonly ListedModel[];
  try {
    listed = await withAnyKey(provider, (keyed) => listModels(keyed, signal));
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : 'no answer';
    process.stderr.write(`${provider.id}: could not be asked: ${why}\n`);
    return 2;
  }
  const asked = new Set(models.flatMap((model) => namesAt(provider, model)));
  const missing = [...asked].filter((name) => !isListed(name, listed));
  process.stdout.write(
    `${provider.id}: lists ${listed.length} models, ${asked.size - missing.length} of the ${asked.size} that are offered from it\n`,
  );
  for (const name of missing) process.stdout.write(`${provider.id}: does not list ${name}\n`);
  return missing.length === 0 ? 0 : 1;
}

function namesAt({ id }: ProviderSettings, { targets, kind }: Model): readonly string[] {
  // Lists are of models for text and embeddings.
  if (kind === 'video') return [];
  return targets.flatMap(({ provider, upstreamModel }) => (provider.id === id ? [upstreamModel] : []));
}

/** Some services list versions alone, and also answer to the name without a date. */
function isListed(name: string, listed: readonly ListedModel[]): boolean {
  return listed.some(
    (model) =>
      model.name === name || (model.name.startsWith(name) && DATE.test(model.name.slice(name.length))),
  );
}
