import type { AssistantPart, ContentPart, PromptMessage } from '../text/prompt.js';
import type { Unsupported } from './unsupported.js';

/**
 * What is wrong with a conversation in which nothing is said, for a service that takes no blank text: it would get no
 * message at all, and its refusal says nothing about the request.
 *
 * @param isSaid whether a text goes up
 */
export function silentPrompt(
  messages: readonly PromptMessage[],
  isSaid: (text: string) => boolean,
): Unsupported | undefined {
  const speaks = (part: ContentPart | AssistantPart): boolean =>
    part.type === 'text' || part.type === 'refusal' ? isSaid(part.text) : part.type !== 'reasoning';
  const isSilent = messages.every(({ role, parts }) => role !== 'tool' && !parts.some(speaks));
  return isSilent ? { param: 'messages', why: 'Nothing is said in it.' } : undefined;
}
