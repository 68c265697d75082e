import type { JsonObject } from '../../src/base/json.js';
import { chatAnswer, chatChunk, sse, usageChunk } from './chat-wire.js';
import { answersMessage } from './messages-wire.js';
import { answersResponse, messageItem, textPart } from './responses-wire.js';
import type { Exchange } from './scripted-upstream.js';

/** What one call took, in tokens. The parts are disjoint, but for thinking, which is a part of the output. */
interface Consumption {
  readonly plain: number;
  readonly cached: number;
  readonly written: number;
  readonly hourly: number;
  readonly output: number;
  readonly thinking: number;
}

/** USD per 1M tokens, with at most three decimals. */
interface Prices {
  readonly input: number;
  readonly cached_input: number;
  readonly cache_write?: number;
  readonly cache_write_1h?: number;
  readonly output: number;
  readonly reasoning?: number;
}

/** A service that counts in its own words, and keeps its own invoice by its public prices. */
export interface Cashier {
  readonly provider: JsonObject;
  readonly model: string;
  readonly pricing: Prices & { readonly long_context?: Prices & { readonly above: number } };
  /** The kinds of consumption that the service knows; it counts any other kind as plain input. */
  readonly knows: readonly (keyof Consumption)[];
  readonly say: (consumption: Consumption, exchange: Exchange) => void;
}

const whole = (exchange: Exchange): boolean => exchange.request.body['stream'] !== true;

function chatSays(usage: JsonObject, exchange: Exchange): void {
  if (whole(exchange)) exchange.json(chatAnswer({ content: 'Hi' }, 'stop', { usage }));
  else exchange.stream(chatChunk({ content: 'Hi' }), chatChunk({}, 'stop'), usageChunk(usage));
}

const inputOf = ({ plain, cached, written, hourly }: Consumption): number =>
  plain + cached + written + hourly;

/** OpenAI's way, which OpenRouter has taken over. */
function saysWithWrites(used: Consumption, exchange: Exchange): void {
  chatSays(
    {
      prompt_tokens: inputOf(used),
      completion_tokens: used.output,
      total_tokens: inputOf(used) + used.output,
      prompt_tokens_details: { cached_tokens: used.cached, cache_write_tokens: used.written },
      completion_tokens_details: { reasoning_tokens: used.thinking },
    },
    exchange,
  );
}

export const CASHIERS: Readonly<Record<string, Cashier>> = {
  openrouter: {
    provider: { type: 'openai', profile: 'openrouter' },
    model: 'openai/gpt-5.5',
    pricing: { input: 5, cached_input: 0.5, cache_write: 6.25, output: 30, reasoning: 31.5 },
    knows: ['cached', 'written', 'thinking'],
    say: saysWithWrites,
  },
  deepseek: {
    provider: { type: 'openai', profile: 'deepseek' },
    model: 'deepseek-v4',
    pricing: { input: 0.28, cached_input: 0.028, output: 0.42 },
    knows: ['cached', 'thinking'],
    say: (used, exchange) =>
      chatSays(
        {
          prompt_tokens: inputOf(used),
          prompt_cache_hit_tokens: used.cached,
          prompt_cache_miss_tokens: inputOf(used) - used.cached,
          completion_tokens: used.output,
          total_tokens: inputOf(used) + used.output,
          completion_tokens_details: { reasoning_tokens: used.thinking },
        },
        exchange,
      ),
  },
  openai: {
    provider: { type: 'openai', profile: 'openai' },
    model: 'gpt-6-luna',
    pricing: {
      ...{ input: 0.1, cached_input: 0.01, cache_write: 0.125, output: 0.5 },
      long_context: { above: 200_000, input: 0.2, cached_input: 0.02, cache_write: 0.25, output: 0.75 },
    },
    // Since GPT-5.6 it bills writes, which it keeps for half an hour.
    knows: ['cached', 'written', 'thinking'],
    say: saysWithWrites,
  },
  responses: {
    provider: { type: 'openai', profile: 'openai', wires: ['responses'] },
    model: 'gpt-6.2-sol',
    pricing: { input: 2, cached_input: 0.1, cache_write: 2.5, output: 10 },
    knows: ['cached', 'written', 'thinking'],
    say: (used, exchange) => {
      const usage = {
        input_tokens: inputOf(used),
        input_tokens_details: { cached_tokens: used.cached, cache_write_tokens: used.written },
        output_tokens: used.output,
        output_tokens_details: { reasoning_tokens: used.thinking },
        total_tokens: inputOf(used) + used.output,
      };
      void answersResponse([messageItem(textPart('Hi'))], { usage })(exchange);
    },
  },
  anthropic: {
    provider: { type: 'anthropic' },
    model: 'claude-opus-4-6',
    pricing: { input: 5, cached_input: 0.5, cache_write: 6.25, cache_write_1h: 10, output: 25 },
    knows: ['cached', 'written', 'hourly', 'thinking'],
    say: (used, exchange) => {
      // The totals do not have what a compaction took; only the iterations do.
      const compaction = {
        input_tokens: Math.floor(used.plain / 3),
        output_tokens: Math.floor(used.output / 3),
      };
      const message = {
        input_tokens: used.plain - compaction.input_tokens,
        cache_read_input_tokens: used.cached,
        cache_creation_input_tokens: used.written + used.hourly,
        cache_creation: {
          ephemeral_5m_input_tokens: used.written,
          ephemeral_1h_input_tokens: used.hourly,
        },
        output_tokens: used.output - compaction.output_tokens,
        output_tokens_details: {
          thinking_tokens: Math.min(used.thinking, used.output - compaction.output_tokens),
        },
      };
      const iterations = [
        { type: 'compaction', ...compaction },
        { type: 'message', ...message },
      ];
      void answersMessage([{ type: 'text', text: 'Hi' }], { usage: { ...message, iterations } })(exchange);
    },
  },
  google: {
    provider: { type: 'google' },
    model: 'gemini-3.8-pro',
    pricing: {
      ...{ input: 2, cached_input: 0.2, output: 12 },
      long_context: { above: 200_000, input: 4, cached_input: 0.4, output: 18 },
    },
    knows: ['cached', 'thinking'],
    say: (used, exchange) => {
      const byTools = Math.floor(used.plain / 2);
      const frame = {
        candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
        usageMetadata: {
          promptTokenCount: inputOf(used) - byTools,
          toolUsePromptTokenCount: byTools,
          cachedContentTokenCount: used.cached,
          candidatesTokenCount: used.output - used.thinking,
          thoughtsTokenCount: used.thinking,
          totalTokenCount: inputOf(used) + used.output,
        },
      };
      if (exchange.request.path.includes(':stream')) exchange.end(sse(frame));
      else exchange.json(frame);
    },
  },
};

/** One session's invoice. */
export class Invoice {
  /** Atomic USDC. */
  total = 0n;
  /** What the same input would have cost without a cache, less what it cost. */
  saved = 0n;
  private calls = 0;
  private input = 0;
  private cached = 0;

  constructor(private readonly cashier: Cashier) {}

  /** Serves a request, and bills it. */
  readonly serve = (exchange: Exchange): void => {
    this.calls += 1;
    const used = this.known(consumptionOf(this.calls), exchange.request.text.includes('"ttl":"1h"'));
    this.bill(used);
    this.input += inputOf(used);
    this.cached += used.cached;
    this.cashier.say(used, exchange);
  };

  /** The part of the input that was read from the cache. */
  get cachedShare(): number {
    return this.cached / this.input;
  }

  private known(used: Consumption, asksForHour: boolean): Consumption {
    const { knows } = this.cashier;
    const amount = (kind: keyof Consumption): number => (knows.includes(kind) ? used[kind] : 0);
    const hourly = asksForHour ? amount('hourly') : 0;
    const parts = { cached: amount('cached'), written: amount('written'), hourly };
    const plain = inputOf(used) - parts.cached - parts.written - hourly;
    return { plain, ...parts, output: used.output, thinking: amount('thinking') };
  }

  private bill(used: Consumption): void {
    const { long_context: long, ...usual } = this.cashier.pricing;
    const prices: Prices = long && inputOf(used) > long.above ? long : usual;
    const { input, cached_input, cache_write = input, cache_write_1h = cache_write, output } = prices;
    const thinking = prices.reasoning === undefined ? 0 : used.thinking;
    const throughCache: readonly (readonly [number, number])[] = [
      [used.cached, cached_input],
      [used.written, cache_write],
      [used.hourly, cache_write_1h],
    ];
    this.total += amountOf(used.plain, input) + amountOf(used.output - thinking, output);
    this.total += amountOf(thinking, prices.reasoning ?? output);
    for (const [tokens, price] of throughCache) {
      this.total += amountOf(tokens, price);
      this.saved += amountOf(tokens, input) - amountOf(tokens, price);
    }
  }
}

/** Rounded up, as each line of a receipt is. */
function amountOf(tokens: number, price: number): bigint {
  return (BigInt(tokens) * BigInt(Math.round(price * 1_000)) + 999n) / 1_000n;
}

/** Of the call with this number: odd figures, each kind absent now and then, and one prompt that is very long. */
function consumptionOf(call: number): Consumption {
  const output = 300 + call * 17;
  return {
    plain: call === 5 ? 210_007 : 1_001 + call * 13,
    cached: call % 3 === 1 ? 0 : 20_003 + call * 7,
    written: call % 4 === 0 ? 0 : 3_001 + call,
    hourly: call % 2 === 0 ? 2_003 + call : 0,
    output,
    thinking: call % 3 === 0 ? 0 : Math.floor(output / 2),
  };
}
