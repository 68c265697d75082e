import type { Usage } from '../../base/money/usage.js';
import type { Measurement, Meter } from '../../base/money/meter.js';
import type { TextEvent } from '../text-event.js';
import { estimateTokens } from './token-counter.js';

/** Characters of output that are kept for counting; beyond that, earlier output is counted roughly. */
const KEPT_CHARS = 65_536;
const CHARS_PER_TOKEN = 4;
/** More output than this, of which the upstream has told none, shows that it told before it spoke. */
const UNTOLD_TOKENS = 64;

/** A rough count that costs nothing: about four bytes of text make a token. */
export function roughTokens(bytes: number): number {
  return Math.ceil(bytes / CHARS_PER_TOKEN);
}

class OutputText {
  private pieces: string[] = [];
  private keptChars = 0;
  private foldedTokens = 0;

  add(text: string): void {
    this.pieces.push(text);
    this.keptChars += text.length;
    if (this.keptChars < KEPT_CHARS) return;
    this.foldedTokens += roughTokens(this.keptChars);
    this.pieces = [];
    this.keptChars = 0;
  }

  get roughTokens(): number {
    return this.foldedTokens + roughTokens(this.keptChars);
  }

  async tokens(upstreamModel: string): Promise<number> {
    return this.foldedTokens + (await estimateTokens([this.pieces.join('')], upstreamModel));
  }
}

/** Meters one request for text: the upstream's own count if it gives one, else the gateway's count. */
export class TextMeter implements Meter {
  sent = false;
  produced = false;
  provider: string | undefined;
  private upstreamModel = '';
  private reported: Usage | undefined;
  private estimated = false;
  private readonly answer = new OutputText();
  private readonly reasoning = new OutputText();

  constructor(
    private readonly input: {
      readonly roughTokens: number;
      /** The text that the model reads; called only when the gateway has to count it. */
      readonly texts: () => Iterable<string>;
      /** Tokens of the parts that are not text. */
      readonly otherTokens: number;
    },
  ) {}

  readonly markSent = (): void => {
    this.sent = true;
  };

  observe(event: TextEvent): void {
    switch (event.type) {
      case 'opened':
        this.provider = event.provider;
        this.upstreamModel = event.upstreamModel;
        return;
      case 'usage':
        this.reported = event.usage;
        this.estimated = event.estimated ?? false;
        return;
      case 'reasoning':
      case 'reasoning_summary':
        this.produced = true;
        return this.reasoning.add(event.text);
      case 'text':
      case 'refusal':
        this.produced = true;
        return this.answer.add(event.text);
      case 'tool_call_start':
        this.produced = true;
        return this.answer.add(event.name);
      case 'tool_call_delta':
        return this.answer.add(event.arguments);
      case 'finish':
        this.produced = true;
        return;
      case 'reasoning_signature':
      case 'item_start':
      case 'item_end':
        this.produced = true;
        return;
      case 'start':
      case 'frame':
      case 'message':
      case 'item_stage':
      case 'annotation':
        return;
    }
  }

  /** The count of the whole request, when there is one. */
  get report(): Measurement | undefined {
    return this.reported && !this.wasEarly ? { usage: this.reported, estimated: this.estimated } : undefined;
  }

  progress(): { inputTokens: number; outputTokens: number } {
    const counted = this.report?.usage;
    return {
      inputTokens: this.reported?.inputTokens ?? this.input.roughTokens,
      outputTokens: counted?.outputTokens ?? this.roughOutput,
    };
  }

  async measure(): Promise<Measurement> {
    const { report } = this;
    if (report) return report;
    const usage = await this.estimate();
    const { outputTokens, reasoningTokens } = usage;
    const whole = this.reported ? { ...this.reported, outputTokens, reasoningTokens } : usage;
    return { usage: whole, estimated: true };
  }

  /** The upstream has told of no output, before it spoke, and of nothing else since. */
  private get wasEarly(): boolean {
    return this.reported?.outputTokens === 0 && this.roughOutput > UNTOLD_TOKENS;
  }

  private get roughOutput(): number {
    return this.answer.roughTokens + this.reasoning.roughTokens;
  }

  private async estimate(): Promise<Usage> {
    const counted = await estimateTokens(this.input.texts(), this.upstreamModel);
    const reasoningTokens = await this.reasoning.tokens(this.upstreamModel);
    return {
      inputTokens: counted + this.input.otherTokens,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: reasoningTokens + (await this.answer.tokens(this.upstreamModel)),
      reasoningTokens,
    };
  }
}
