/** Which tool call ids a service accepts. */
export type ToolCallIdRule =
  /** Any id. */
  | 'kept'
  /** At most 40 characters. */
  | 'short'
  /** Letters, digits, underscores and dashes. */
  | 'plain'
  /** Nine letters and digits. */
  | 'nine';

/** How a service differs from others that speak OpenAI's chat wire. */
export interface Profile {
  /** Request fields that are never sent: by name, or `name=value` for a single value of a field. */
  readonly omitFields: readonly string[];
  /** Whether it knows the role `developer`; other services get `system` instead. */
  readonly developerRole: boolean;
  /** The field in which it takes its output limit. */
  readonly tokenLimitField: 'max_completion_tokens' | 'max_tokens';
  readonly toolCallIds: ToolCallIdRule;
  /** `reasoning_content` of earlier turns: sent as given, never, or on every assistant turn, if need be empty. */
  readonly reasoningContent: 'given' | 'never' | 'always';
  /** Whether an assistant message must stand between a tool message and a user message. */
  readonly assistantAfterTools: boolean;
  /** Whether a call of the current turn needs a signature, if a model demands one (Gemini 3 and newer). */
  readonly callSignatures: boolean;
  /** Where images in a tool's output go: they stay there, or follow in a user message. */
  readonly toolImages: 'inside' | 'behind';
  /** `prompt_cache_key`: sent if the client gave one, or always, since the service finds its cache by it. */
  readonly promptCacheKey: 'given' | 'always';
  /** Whether it takes `cache_control` where Anthropic's API has it: marks of the prompt cache, on parts and tools. */
  readonly cacheControl: boolean;
  /** The header, in lower case, by which the service keeps a conversation on one of its servers; absent for none. */
  readonly affinityHeader?: string | undefined;
}
