import type { JsonObject } from '../../src/base/json.js';
import { readChat } from '../../src/text/chat-wire/read-chat.js';
import type { Prompt } from '../../src/text/prompt.js';

/** What a client of the chat wire asks for. */
export function chatPrompt(body: JsonObject): Prompt {
  return { ...readChat(body), chatBody: body };
}
