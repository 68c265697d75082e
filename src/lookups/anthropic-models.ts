import { GatewayError } from '../base/errors/gateway-error.js';
import { type Query, textIn, wrongQuery } from '../base/shape/page-query.js';
import { prefixOf } from '../catalog/model-name.js';
import type { Model, TextModel } from '../catalog/model.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

/** A model as Anthropic's API shows it. */
interface AnthropicModelCard {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  readonly created_at: string;
  readonly max_input_tokens: number;
  readonly max_tokens: number;
  readonly capabilities: null;
  readonly lifecycle: 'active';
  readonly line: null;
  readonly deprecated_at: null;
  readonly retires_at: null;
}

/** @param id the name that was asked for: the model's own, or an alias */
export function anthropicModelCard(model: TextModel, id = model.id): AnthropicModelCard {
  return {
    type: 'model',
    id,
    display_name: model.displayName ?? id,
    created_at: new Date(model.created * 1_000).toISOString(),
    max_input_tokens: model.contextWindow,
    max_tokens: model.maxOutputTokens,
    capabilities: null,
    lifecycle: 'active',
    line: null,
    deprecated_at: null,
    retires_at: null,
  };
}

/**
 * One page of the models that answer with text. Exact aliases have entries of their own, since Claude Code shows only
 * names with `claude` or `anthropic` in them.
 *
 * @throws GatewayError 400 for a wrong `limit`, or an id that is not in the list
 */
export function anthropicModelList(models: readonly Model[], query: Query): object {
  const cards = models
    .filter(isText)
    .flatMap((model) => namesOf(model).map((name) => anthropicModelCard(model, name)));
  const limit = limitIn(query);
  const [after, before] = [positionIn(cards, query, 'after_id'), positionIn(cards, query, 'before_id')];
  const end = before ?? cards.length;
  const start = after === undefined ? (before === undefined ? 0 : Math.max(0, before - limit)) : after + 1;
  const page = cards.slice(start, Math.min(end, start + limit));
  const hasMore = before !== undefined && after === undefined ? start > 0 : start + page.length < end;
  return { data: page, has_more: hasMore, first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null };
}

function isText(model: Model): model is TextModel {
  return model.kind === 'text';
}

function namesOf({ id, aliases = [] }: TextModel): readonly string[] {
  return [id, ...aliases.filter((alias) => prefixOf(alias) === undefined)];
}

function limitIn(query: Query): number {
  const text = textIn(query, 'limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT)
    throw wrongQuery('limit', `must be a whole number between 1 and ${MAX_LIMIT}`);
  return limit;
}

function positionIn(cards: readonly AnthropicModelCard[], query: Query, name: string): number | undefined {
  const id = textIn(query, name);
  if (id === undefined) return undefined;
  const position = cards.findIndex((card) => card.id === id);
  if (position < 0)
    throw new GatewayError('invalid_value', `\`${name}\` is not in the list.`, { param: name });
  return position;
}
