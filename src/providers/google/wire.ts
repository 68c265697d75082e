import type { JsonObject, JsonValue } from '../../base/json.js';

/** Bytes in a request or an answer, as base64. */
export type InlineData = {
  readonly mimeType: string;
  readonly data: string;
};

/** One part of a content, as the request has it; it is of the one kind that its field names. */
export type Part = {
  readonly text?: string;
  readonly thought?: true;
  /** What the service needs back with this part: base64, unread. */
  readonly thoughtSignature?: string;
  readonly inlineData?: InlineData;
  readonly functionCall?: { readonly id?: string; readonly name: string; readonly args: JsonObject };
  readonly functionResponse?: { readonly id?: string; readonly name: string; readonly response: JsonObject };
};

export type Content = {
  readonly role: 'user' | 'model';
  readonly parts: readonly Part[];
};

export type FunctionDeclaration = {
  readonly name: string;
  readonly description?: string;
  readonly parametersJsonSchema?: JsonObject;
};

export type Tool = {
  readonly functionDeclarations?: readonly FunctionDeclaration[];
  readonly googleSearch?: JsonObject;
};

export type FunctionCallingConfig = {
  readonly mode: 'AUTO' | 'ANY' | 'NONE';
  /** For `ANY` alone. */
  readonly allowedFunctionNames?: readonly string[];
};

export type ThinkingConfig = {
  readonly includeThoughts?: boolean;
  readonly thinkingBudget?: number;
  readonly thinkingLevel?: 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';
};

export type GenerationConfig = {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxOutputTokens?: number;
  readonly stopSequences?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly candidateCount?: number;
  readonly responseMimeType?: string;
  readonly responseJsonSchema?: JsonObject;
  readonly responseLogprobs?: boolean;
  readonly logprobs?: number;
  readonly thinkingConfig?: ThinkingConfig;
};

/** The body of `generateContent`. Names are those of `googleapis/js-genai`. */
export type GenerateContentBody = {
  readonly contents: readonly Content[];
  readonly systemInstruction?: { readonly parts: readonly Part[] };
  readonly tools?: readonly Tool[];
  readonly toolConfig?: { readonly functionCallingConfig: FunctionCallingConfig };
  readonly generationConfig?: GenerationConfig;
  readonly serviceTier?: string;
} & { readonly [passed: string]: JsonValue | undefined };
