import type { JsonObject } from '../base/json.js';
import type { CallFields, Phase } from './text-event.js';

/**
 * A request to a model, in terms that every dialect can convert from. A surface makes it from its client's request.
 * Fields without a name here are in an `extra`, as on the wire that they came on, for a dialect that knows them too.
 * Fields of calls that only their provider understands are in `owned`.
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
  /**
   * Number of alternatives to show with each token's probability; 0: only the token's own; absent: no probabilities.
   */
  readonly logprobs?: number | undefined;
  readonly format?: AnswerFormat | undefined;
  /** `low`, `high` and such; a dialect may know fewer. */
  readonly reasoningEffort?: string | undefined;
  /** `auto`, `concise`, `detailed`, or `none` where the client wants none; absent where its API has no such choice. */
  readonly reasoningSummary?: string | undefined;
  readonly verbosity?: string | undefined;
  readonly serviceTier?: string | undefined;
  /** Options of the service's own web search; absent for no search. */
  readonly webSearch?: JsonObject | undefined;
  /** Tools of the Responses API that the service runs by itself; only for a model whose targets all do. */
  readonly hosted?: HostedTools | undefined;
  readonly hints: Hints;
  /** JSON in `extra` that the model reads: it counts as input. */
  readonly extraTexts?: readonly string[] | undefined;
  readonly extra?: JsonObject | undefined;
  /**
   * The body that a client of the chat wire sent. A dialect of that wire forwards all of it, in the same order. Only
   * the effort in this prompt may have changed since. Code that changes anything else leaves the body out.
   */
  readonly chatBody?: JsonObject | undefined;
  /**
   * The call as a client of the Messages wire sent it. A dialect of that wire edits it in place, and shows its own
   * frames (`frame` events) beside the others. Code that changes anything else of the prompt leaves it out.
   */
  readonly messagesCall?: MessagesCall | undefined;
}

/** A call on the Messages wire. */
export interface MessagesCall {
  readonly body: JsonObject;
  /** `anthropic-version` and `anthropic-beta` as they were sent. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Absent: the service's default. Bounds are those of the chat wire. */
export interface Sampling {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly seed?: number | undefined;
}

/** Identifiers of the client's own. They are sent hashed, if at all. */
export interface Hints {
  readonly user?: string | undefined;
  readonly safetyIdentifier?: string | undefined;
  readonly promptCacheKey?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

interface OfMessage {
  /** Name of the speaker, or of the function that answers. */
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
  readonly phase?: Phase | undefined;
  /** In the order in which they were said. */
  readonly parts: readonly AssistantPart[];
}

/** The output of one call. The outputs of a turn's calls follow that turn one by one. */
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
  /** A web or `data:` URL. */
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
  /** Empty where the client was shown none of it. */
  readonly text: string;
  /** What the reasoning's provider needs back with it (`src/text/signature.ts`); no other provider gets it. */
  readonly signature?: string | undefined;
}

/** A search that the service made by itself, as the item of the Responses API; other wires have no place for it. */
export interface SearchPart {
  readonly type: 'search';
  readonly item: JsonObject;
}

export interface ToolCallPart extends OfPart {
  readonly type: 'tool_call';
  readonly kind: 'function' | 'custom';
  /** Absent for the older form of function call. */
  readonly id?: string | undefined;
  readonly name: string;
  /** JSON for a function, plain text for a custom tool. */
  readonly arguments: string;
  readonly owned?: OwnedFields | undefined;
}

/**
 * Fields that a provider adds to a call and needs back with it, such as a signature. `provider` is its scope, which it
 * may share with others; nobody else gets them.
 */
export interface OwnedFields {
  readonly provider: string;
  readonly fields: CallFields;
}

export type AssistantPart = TextPart | RefusalPart | ReasoningPart | SearchPart | ToolCallPart;

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
  /** The custom tool that it stands for on wires without custom tools; its only argument is then `input`. */
  readonly custom?: Pick<CustomTool, 'description' | 'format'> | undefined;
}

export interface CustomTool extends OfTool {
  readonly kind: 'custom';
  /** Format of the input, as on the chat wire; absent for plain text. */
  readonly format?: JsonObject | undefined;
}

export interface HostedTools {
  /** As the Responses API declares them. */
  readonly tools: readonly JsonObject[];
  /** Most calls of them in one answer. */
  readonly maxCalls?: number | undefined;
  /** Further fields of their items that the client wants. */
  readonly include: readonly string[];
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

/** Whether the choice names one tool that must be called. */
export function namesTool(choice: ToolChoice | undefined): choice is ToolName {
  return typeof choice === 'object' && !('allowed' in choice);
}
