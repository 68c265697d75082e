import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ListedModel } from '../discovery/listed-model.js';

const MOST_TOKENS = 100_000_000;
const LONGEST_NAME = 256;
const LATEST_CREATED = 99_999_999_999;

const EMBEDS = /embed/i;
/** Kinds of models that do not chat, as named in lists that state kinds. */
const OTHER_KINDS = /rerank|moderat|image|audio|speech|transcri|tts|video/i;

/**
 * The models of a list: OpenAI's `{data: […]}`, Ollama's and llama.cpp's `{models: […]}`, Together's bare array.
 * Entries that cannot be read, or that say that they neither chat nor embed, are left out. Undefined for anything but a list of
 * models.
 */
export function convertModelList(list: unknown): readonly ListedModel[] | undefined {
  const entries = Array.isArray(list) ? (list as readonly unknown[]) : entriesOf(list);
  return entries?.flatMap((entry) => (isJsonObject(entry) ? (readEntry(entry) ?? []) : []));
}

function entriesOf(list: unknown): readonly unknown[] | undefined {
  if (!isJsonObject(list)) return undefined;
  return [list['data'], list['models']].find((entries) => Array.isArray(entries));
}

function readEntry(entry: JsonObject): ListedModel | undefined {
  const name = entry['id'] ?? entry['name'];
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return undefined;
  const isEmbedding = embeds(entry, name);
  if (!isEmbedding && !chats(entry)) return undefined;
  const contextWindow = contextWindowOf(entry);
  const maxOutputTokens = maxOutputTokensOf(entry);
  const created = wholeNumber(entry['created'], LATEST_CREATED);
  return {
    name,
    ...(isEmbedding && { makesEmbeddings: true }),
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(created !== undefined && { created }),
  };
}

/**
 * LM Studio and Together have a `type`, OpenRouter has `architecture.output_modalities`. Lists of Ollama, vLLM and
 * others say nothing of kinds, but such models are named for what they do: `nomic-embed-text`, `Qwen3-Embedding-8B`.
 */
function embeds(entry: JsonObject, name: string): boolean {
  const type = entry['type'];
  if (typeof type === 'string') return EMBEDS.test(type);
  const output = field(entry['architecture'], 'output_modalities');
  if (Array.isArray(output)) return output.includes('embeddings');
  return EMBEDS.test(name) && field(entry['capabilities'], 'completion_chat') !== true;
}

/**
 * LM Studio and Together have a `type`, OpenRouter `architecture.output_modalities`, Mistral
 * `capabilities.completion_chat`; a model without any of these is believed to chat.
 */
function chats(entry: JsonObject): boolean {
  const type = entry['type'];
  if (typeof type === 'string' && OTHER_KINDS.test(type)) return false;
  const output = field(entry['architecture'], 'output_modalities');
  if (Array.isArray(output) && !output.includes('text')) return false;
  return field(entry['capabilities'], 'completion_chat') !== false;
}

/** The served window comes before the trained one, since a server may have been given less memory. */
function contextWindowOf(entry: JsonObject): number | undefined {
  const { meta, top_provider: topProvider } = entry;
  return firstCount(
    entry['max_model_len'], // vLLM, SGLang
    field(meta, 'n_ctx'), // llama.cpp
    entry['loaded_context_length'], // LM Studio
    field(topProvider, 'context_length'), // OpenRouter
    entry['context_length'], // OpenRouter, Together
    entry['context_window'], // Groq
    entry['max_context_length'], // LM Studio, Mistral
    entry['max_input_tokens'],
    field(meta, 'n_ctx_train'), // llama.cpp
  );
}

function maxOutputTokensOf(entry: JsonObject): number | undefined {
  return firstCount(
    field(entry['top_provider'], 'max_completion_tokens'), // OpenRouter
    entry['max_completion_tokens'], // Groq
    entry['max_output_tokens'],
  );
}

function firstCount(...values: readonly (JsonValue | undefined)[]): number | undefined {
  return values.map((value) => wholeNumber(value, MOST_TOKENS)).find((count) => count !== undefined);
}

function wholeNumber(value: JsonValue | undefined, largest: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= largest
    ? value
    : undefined;
}

function field(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}
