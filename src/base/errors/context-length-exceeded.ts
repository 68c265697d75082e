import { GatewayError } from './gateway-error.js';

interface FullContext {
  /** Tokens. */
  readonly contextWindow: number;
  /** Tokens of the input, where somebody has counted them. */
  readonly inputTokens?: number | undefined;
  readonly param?: string | undefined;
}

/**
 * A context that is longer than its model's window. Clients find it by these words, which are OpenAI's: LiteLLM looks for
 * `This model's maximum context length is`, OpenCode and pi for `maximum context length is N tokens`.
 */
export function contextLengthExceeded({ contextWindow, inputTokens, param }: FullContext): GatewayError {
  const counted = inputTokens === undefined ? '' : `However, your input resulted in ${inputTokens} tokens. `;
  return new GatewayError(
    'context_length_exceeded',
    `This model's maximum context length is ${contextWindow} tokens. ${counted}Please reduce its length.`,
    { param },
  );
}
