import type { JsonObject } from '../base/json.js';
import type { CallFields } from './text-event.js';

/**
 * What is asked of a model, in terms that every dialect can convert from. A surface makes one of what its client sent.
 * What the names here do not cover is in an `extra`: fields as the wire that they came on has them, for a dialect that
 * knows them too. What only one provider understands of its own calls is in `owned`.
 */
export interface Prompt {
  readonly messages: readonly PromptMessage[];
  readonly tools: readonly PromptTool[];
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  /** How many answers are asked for, at least 1. */
  readonly choices: number;
  /** The answer ends before the first of these texts. */
  readonly stop: readonly string[];
  readonly sampling: Sampling;
  /** How many alternatives to show with the probability of each token; 0 for the token alone, absent for none of it. */
  readonly logprobs?: number | undefined;
  readonly format?: AnswerFormat | undefined;
  /** `low`, `high` and such; a dialect may know fewer. */
  readonly reasoningEffort?: string | undefined;
  readonly verbosity?: string | undefined;
  readonly serviceTier?: string | undefined;
  /** Options of the service's own web search; absent when it is not to search. */
  readonly webSearch?: JsonObject | undefined;
  readonly hints: Hints;
  /** JSON in `extra` that the model reads: it counts as input. */
  readonly extraTexts?: readonly string[] | undefined;
  readonly extra?: JsonObject | undefined;
  /**
   * What a client of the chat wire sent. A dialect of that wire forwards it, so that all of it goes up, its order
   * included; of what is here the effort alone may have been changed since. Who changes anything else leaves it out.
   */
  readonly chatBody?: JsonObject | undefined;
}

/** Absent: as the service has it. Bounds are those of the chat wire. */
export interface Sampling {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly seed?: number | undefined;
}

/** Names of the client's own. They go up hashed, if at all. */
export interface Hints {
  readonly user?: string | undefined;
  readonly safetyIdentifier?: string | undefined;
  readonly promptCacheKey?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

interface OfMessage {
  /** Of the speaker, or of the function that answers. */
  readonly name?: string | undefined;
  readonly extra?: JsonObject | undefined;
}

export type PromptMessage = InstructionMessage | UserMessage | AssistantMessage | ToolMessage;

export interface InstructionMessage extends OfMessage {
  readonly role: 'system' | 'developer';
  readonly parts: readonly TextPart[];
}

export interface UserMessage extends OfMessage {
  readonly role: 'user';
  readonly parts: readonly ContentPart[];
}

export interface AssistantMessage extends OfMessage {
  readonly role: 'assistant';
  /** In the order in which they were said. */
  readonly parts: readonly AssistantPart[];
}

/** The output of one call. Those of one turn follow it one by one. */
export interface ToolMessage extends OfMessage {
  readonly role: 'tool';
  /** Absent for the output of a call without an id. */
  readonly callId?: string | undefined;
  readonly parts: readonly ContentPart[];
}

interface OfPart {
  readonly extra?: JsonObject | undefined;
}

export interface TextPart extends OfPart {
  readonly type: 'text';
  readonly text: string;
}

export interface ImagePart extends OfPart {
  readonly type: 'image';
  /** On the web, or `data:`. */
  readonly url: string;
  readonly detail?: string | undefined;
}

export interface AudioPart extends OfPart {
  readonly type: 'audio';
  /** Base64. */
  readonly data: string;
  readonly format: string;
}

export interface FilePart extends OfPart {
  readonly type: 'file';
  readonly filename?: string | undefined;
  /** A `data:` URL. */
  readonly data?: string | undefined;
}

export type ContentPart = TextPart | ImagePart | AudioPart | FilePart;

export interface RefusalPart extends OfPart {
  readonly type: 'refusal';
  readonly text: string;
}

export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
}

export interface ToolCallPart extends OfPart {
  readonly type: 'tool_call';
  readonly kind: 'function' | 'custom';
  /** Absent for the older way to call a function. */
  readonly id?: string | undefined;
  readonly name: string;
  /** JSON for a function, plain text for a custom tool. */
  readonly arguments: string;
  readonly owned?: OwnedFields | undefined;
}

/** What a provider said of a call and needs back with it (a signature, for one); no other provider gets it. */
export interface OwnedFields {
  readonly provider: string;
  readonly fields: CallFields;
}

export type AssistantPart = TextPart | RefusalPart | ReasoningPart | ToolCallPart;

export type PromptTool = FunctionTool | CustomTool;

interface OfTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly extra?: JsonObject | undefined;
}

export interface FunctionTool extends OfTool {
  readonly kind: 'function';
  /** A JSON Schema; absent for a function without parameters. */
  readonly parameters?: JsonObject | undefined;
  readonly strict?: boolean | undefined;
}

export interface CustomTool extends OfTool {
  readonly kind: 'custom';
  /** Of the input, as the chat wire has it; absent for plain text. */
  readonly format?: JsonObject | undefined;
}

export interface ToolName {
  readonly kind: string;
  readonly name: string;
  readonly extra?: JsonObject | undefined;
}

export interface AllowedTools {
  readonly mode: 'auto' | 'required';
  readonly allowed: readonly ToolName[];
  readonly extra?: JsonObject | undefined;
}

export type ToolChoice = 'none' | 'auto' | 'required' | ToolName | AllowedTools;

export type AnswerFormat =
  { readonly type: 'text' | 'json_object'; readonly extra?: JsonObject | undefined } | JsonSchemaFormat;

export interface JsonSchemaFormat {
  readonly type: 'json_schema';
  readonly name: string;
  readonly description?: string | undefined;
  readonly schema?: JsonObject | undefined;
  readonly strict?: boolean | undefined;
  readonly extra?: JsonObject | undefined;
}

/** Whether one tool has to be called, by name. */
export function namesTool(choice: ToolChoice | undefined): choice is ToolName {
  return typeof choice === 'object' && !('allowed' in choice);
}
