import type { TextModel } from '../../catalog/model.js';
import type { Prompt } from '../../text/prompt.js';

/** The client's name for a field of the chat body (`messages[0].content`); undefined where it sent nothing there. */
export type ToClientParam = (chatParam: string) => string | undefined;

/** One validated request for text, in terms every dialect can convert from. */
export interface TextRequest {
  readonly model: TextModel;
  /** Options after the colon of a sandbox model id (`ttft=300,delay=20`); empty elsewhere. */
  readonly modelOptions: string;
  /** The account of the request; scopes hashed identifiers such as `prompt_cache_key`. */
  readonly account: string;
  readonly stream: boolean;
  /** Upper limit of output tokens to send upstream; absent when neither the client nor the budget sets one. */
  readonly outputCapTokens?: number;
  /** No client waits for the answer: `backgroundTimeoutMs` bounds the whole call. */
  readonly background?: boolean;
  readonly prompt: Prompt;
  /** Absent where the client spoke the chat wire itself. */
  readonly toClientParam?: ToClientParam;
}
