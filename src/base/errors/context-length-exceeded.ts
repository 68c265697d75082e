import { GatewayError } from './gateway-error.js';

interface FullContext {
  /** Tokens. */
  readonly contextWindow: number;
  /** Tokens of the input, if they were counted. */
  readonly inputTokens?: number | undefined;
  readonly param?: string | undefined;
}

/**
 * The error for a context that is longer than its model's window. Clients recognize OpenAI's words: LiteLLM looks for
 * `This model's maximum context length is`, OpenCode and pi for `maximum context length is N tokens`.
 */
export class ContextLengthExceeded extends GatewayError {
  /** Tokens. */
  readonly contextWindow: number;
  readonly inputTokens: number | undefined;

  constructor({ contextWindow, inputTokens, param }: FullContext) {
    const counted =
      inputTokens === undefined ? '' : `However, your input resulted in ${inputTokens} tokens. `;
    super(
      'context_length_exceeded',
      `This model's maximum context length is ${contextWindow} tokens. ${counted}Please reduce its length.`,
      { param },
    );
    this.contextWindow = contextWindow;
    this.inputTokens = inputTokens;
  }
}
