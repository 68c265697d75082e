/** Which ids of tool calls a service takes. */
export type ToolCallIdRule =
  /** Whatever they are. */
  | 'kept'
  /** At most 40 characters. */
  | 'short'
  /** Letters, digits, underscores and dashes. */
  | 'plain'
  /** Nine letters and digits. */
  | 'nine';

/** How a service that speaks OpenAI's chat wire differs from the others that do. */
export interface Profile {
  /** Request fields that never go up: by name, or `name=value` for one value of a field alone. */
  readonly omitFields: readonly string[];
  /** Whether it knows the role `developer`; to the others it goes up as `system`. */
  readonly developerRole: boolean;
  /** The field in which it takes its output limit. */
  readonly tokenLimitField: 'max_completion_tokens' | 'max_tokens';
  readonly toolCallIds: ToolCallIdRule;
  /** `reasoning_content` of earlier turns: as it is given, nowhere, or on every assistant turn, if need be empty. */
  readonly reasoningContent: 'given' | 'never' | 'always';
  /** Whether an assistant has to speak between a tool and a user. */
  readonly assistantAfterTools: boolean;
  /** Where images in the output of a tool go: they stay, or follow in a message of the user. */
  readonly toolImages: 'inside' | 'behind';
}
