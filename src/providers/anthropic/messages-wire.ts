import type {
  ContentBlockParam,
  MessageCreateParams,
  MessageParam,
  Tool,
} from '@anthropic-ai/sdk/resources/messages';

/** A body of Anthropic's Messages wire, version 2023-06-01. */
export type MessagesBody = MessageCreateParams;

export type Block = ContentBlockParam;

export type WireTool = Tool;

/** A message in the form in which this dialect makes it: always blocks, and two roles that take turns. */
export interface Turn extends MessageParam {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}
