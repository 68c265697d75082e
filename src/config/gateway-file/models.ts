import { REST_OF_NAME } from '../../catalog/model-index.js';
import type { InputKind, Model, ProviderSettings, Target } from '../../catalog/model.js';
import { isModelName, isNameOrPattern, MODEL_NAME_WORDS, prefixOf } from '../../catalog/model-name.js';
import { SANDBOX_PREFIX } from '../../catalog/sandbox-id.js';
import { DEFAULT_CREATED } from '../../catalog/model-defaults.js';
import type { Dialects } from '../../catalog/dialect.js';
import type { Section, TextRule } from './section.js';
import { readEmbeddingModel } from './embedding-model.js';
import { readTextModel } from './text-model.js';
import { readVideoModel, type CommonSettings } from './video-model.js';

const MOST_WEIGHT = 1_000;
const INPUT_KINDS: readonly InputKind[] = ['text', 'image', 'audio', 'file'];

const NAME: TextRule = {
  test: isModelName,
  words: `${MODEL_NAME_WORDS}; ${SANDBOX_PREFIX} belongs to the built-in sandbox`,
};
const NAME_OR_PATTERN: TextRule = {
  test: isNameOrPattern,
  words: `${MODEL_NAME_WORDS}, or fewer and then a *; ${SANDBOX_PREFIX} belongs to the built-in sandbox`,
};
const UPSTREAM_NAME: TextRule = {
  test: (name) => name.length >= 1 && name.length <= 256,
  words: "the model's name at the provider, 1 to 256 characters",
};
const OWNER: TextRule = {
  test: (owner) => owner.length >= 1 && owner.length <= 128,
  words: '1 to 128 characters',
};
const DISPLAY_NAME: TextRule = {
  test: (name) => /^[^\p{C}]{1,128}$/u.test(name),
  words: '1 to 128 characters',
};
const INPUT_KIND: TextRule = {
  test: (kind) => INPUT_KINDS.some((known) => known === kind),
  words: `one of ${INPUT_KINDS.join(', ')}`,
};

/** The models of the file by public id; usable only when no problem was noted. */
export function readModels(
  file: Section,
  providers: ReadonlyMap<string, ProviderSettings>,
  dialects: Dialects,
): Map<string, Model> {
  const models = new Map<string, Model>();
  const aliases = new Set<string>();
  for (const section of file.sections('models')) {
    section.accept('id', 'kind');
    const kind = section.text('kind') ?? 'text';
    const id = readId(section, kind === 'text' ? NAME_OR_PATTERN : NAME);
    if (models.has(id)) section.refuse('id', 'is the id of an earlier model');
    if (kind === 'video')
      models.set(id, readVideoModel(section, readCommon(section, id, providers), dialects));
    else if (kind === 'embedding')
      models.set(id, readEmbeddingModel(section, readCommon(section, id, providers), dialects));
    else if (kind === 'text') models.set(id, readTextModel(section, readCommon(section, id, providers)));
    else section.refuse('kind', 'must be one of text, video, embedding');
    models.get(id)?.aliases?.forEach((alias, index) => {
      if (aliases.has(alias)) section.refuse(`aliases[${index}]`, 'is an alias already');
      aliases.add(alias);
    });
  }
  return models;
}

function readId(section: Section, rule: TextRule): string {
  section.require('id');
  return section.text('id', rule) ?? section.path;
}

/** The settings that models of every kind have. */
function readCommon(
  section: Section,
  id: string,
  providers: ReadonlyMap<string, ProviderSettings>,
): CommonSettings {
  section.require('targets', 'pricing');
  const targets = section.sections('targets').flatMap((target) => readTarget(target, providers) ?? []);
  if (section.isEmptyList('targets')) section.refuse('targets', 'must name at least one target');
  const isPattern = prefixOf(id) !== undefined;
  if (!isPattern && targets.some(({ upstreamModel }) => upstreamModel === REST_OF_NAME))
    section.refuse('targets', 'pass a name through only where the id ends in *');
  const inputKinds = section.texts('input', INPUT_KIND) as readonly InputKind[] | undefined;
  const created = section.wholeNumber('created', 0, 99_999_999_999) ?? DEFAULT_CREATED;
  const ownedBy = section.text('owned_by', OWNER) ?? targets[0]?.provider.id ?? '';
  const aliases = section.texts('aliases', NAME_OR_PATTERN);
  if (isPattern && aliases) section.refuse('aliases', 'are not for an id that ends in *');
  const displayName = section.text('display_name', DISPLAY_NAME);
  return {
    id,
    ...(aliases && { aliases }),
    ...(displayName !== undefined && { displayName }),
    targets,
    created,
    ownedBy,
    ...(inputKinds && { inputKinds }),
  };
}

function readTarget(section: Section, providers: ReadonlyMap<string, ProviderSettings>): Target | undefined {
  section.require('provider', 'model');
  const providerId = section.text('provider');
  const provider = providers.get(providerId ?? '');
  if (providerId !== undefined && provider === undefined)
    section.refuse('provider', `must be one of the providers: ${[...providers.keys()].join(', ')}`);
  const upstreamModel = section.text('model', UPSTREAM_NAME);
  const priority = section.wholeNumber('priority', 0, MOST_WEIGHT) ?? 1;
  const weight = section.wholeNumber('weight', 1, MOST_WEIGHT) ?? 1;
  section.end();
  if (provider === undefined || upstreamModel === undefined) return undefined;
  return { provider, upstreamModel, priority, weight };
}
