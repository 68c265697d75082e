import type { ContentBlockParam, MessageCreateParams, Tool } from '@anthropic-ai/sdk/resources/messages';

/** A body of Anthropic's Messages wire, version 2023-06-01, which has fields that later versions dropped. */
export type MessagesBody = MessageCreateParams & Sampling;

export interface Sampling {
  readonly temperature?: number;
  readonly top_p?: number;
}

export type Block = ContentBlockParam;

export type WireTool = Tool;

/** A message in the form in which this dialect makes it: always blocks, and two roles that take turns. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}
