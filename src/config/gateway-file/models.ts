import type { InputKind, Model, ProviderSettings, Target, TextModel } from '../../catalog/model.js';
import { SANDBOX_PREFIX } from '../../catalog/sandbox-id.js';
import { DEFAULT_CREATED, DEFAULT_PART_TOKENS } from '../model-defaults.js';
import { readPricing } from './pricing.js';
import type { Section, TextRule } from './section.js';
import { readVideoModel, type CommonSettings } from './video-model.js';

const MOST_TOKENS = 100_000_000;
const MOST_WEIGHT = 1_000;
const INPUT_KINDS: readonly InputKind[] = ['text', 'image', 'audio', 'file'];

const MODEL_ID: TextRule = {
  test: (id) => /^[A-Za-z0-9._/-]{1,128}$/.test(id),
  words: '1 to 128 letters, digits, dots, dashes, underscores and slashes',
};
const OWN_MODEL_ID: TextRule = {
  test: (id) => MODEL_ID.test(id) && !id.startsWith(SANDBOX_PREFIX),
  words: `${MODEL_ID.words}; ${SANDBOX_PREFIX} belongs to the built-in sandbox`,
};
const UPSTREAM_NAME: TextRule = {
  test: (name) => name.length >= 1 && name.length <= 256,
  words: "the model's name at the provider, 1 to 256 characters",
};
const OWNER: TextRule = {
  test: (owner) => owner.length >= 1 && owner.length <= 128,
  words: '1 to 128 characters',
};
const INPUT_KIND: TextRule = {
  test: (kind) => INPUT_KINDS.some((known) => known === kind),
  words: `one of ${INPUT_KINDS.join(', ')}`,
};

/** The models of the file by public id; of use only when no problem was noted. */
export function readModels(
  file: Section,
  providers: ReadonlyMap<string, ProviderSettings>,
): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const section of file.sections('models')) {
    const id = readId(section);
    if (models.has(id)) section.refuse('id', 'is the id of an earlier model');
    const kind = section.text('kind') ?? 'text';
    if (kind === 'video') models.set(id, readVideoModel(section, readCommon(section, id, providers)));
    else if (kind === 'text') models.set(id, readTextModel(section, readCommon(section, id, providers)));
    else section.refuse('kind', 'must be one of text, video');
  }
  return models;
}

function readId(section: Section): string {
  section.require('id');
  return section.text('id', OWN_MODEL_ID) ?? section.path;
}

/** What every model says, whatever it makes. */
function readCommon(
  section: Section,
  id: string,
  providers: ReadonlyMap<string, ProviderSettings>,
): CommonSettings {
  section.require('targets', 'pricing');
  const targets = section.sections('targets').flatMap((target) => readTarget(target, providers) ?? []);
  if (section.isEmptyList('targets')) section.refuse('targets', 'must name at least one target');
  const inputKinds = section.texts('input', INPUT_KIND) as readonly InputKind[] | undefined;
  return {
    id,
    targets,
    created: section.wholeNumber('created', 0, 99_999_999_999) ?? DEFAULT_CREATED,
    ownedBy: section.text('owned_by', OWNER) ?? targets[0]?.provider.id ?? '',
    ...(inputKinds && { inputKinds }),
  };
}

function readTextModel(section: Section, common: CommonSettings): TextModel {
  section.require('context_window', 'max_output_tokens');
  const contextWindow = section.wholeNumber('context_window', 1, MOST_TOKENS) ?? MOST_TOKENS;
  const maxOutputTokens = section.wholeNumber('max_output_tokens', 1, MOST_TOKENS) ?? 1;
  if (maxOutputTokens > contextWindow) section.refuse('max_output_tokens', 'must not exceed context_window');
  const model: TextModel = {
    kind: 'text',
    ...common,
    contextWindow,
    maxOutputTokens,
    pricing: readPricing(section) ?? 'free',
    partTokens: readPartTokens(section.section('part_tokens')),
  };
  section.end();
  return model;
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

function readPartTokens(section: Section | undefined): TextModel['partTokens'] {
  const tokens = (key: keyof TextModel['partTokens']) =>
    section?.wholeNumber(key, 0, MOST_TOKENS) ?? DEFAULT_PART_TOKENS[key];
  const partTokens = { image: tokens('image'), audio: tokens('audio'), file: tokens('file') };
  section?.end();
  return partTokens;
}
