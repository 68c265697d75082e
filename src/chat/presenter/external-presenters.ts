import type { ChatPresenters } from '../chat-endpoint.js';
import type { ChatCommand } from '../chat.service.js';
import { ExternalBodyPresenter } from './external-body-presenter.js';
import { type ChatStreamOptions, ExternalStreamPresenter } from './external-stream-presenter.js';

/** OpenAI's shape and nothing else. */
export const externalPresenters: ChatPresenters = {
  stream: (command) => new ExternalStreamPresenter(streamOptions(command)),
  body: (command) => new ExternalBodyPresenter(streamOptions(command)),
};

export function streamOptions({ call, request }: ChatCommand): ChatStreamOptions {
  const { responseId, createdSeconds } = call;
  return { responseId, createdSeconds, model: request.model, includeUsage: request.includeUsage };
}
