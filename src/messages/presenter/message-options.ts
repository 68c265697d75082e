import type { PassedForm } from '../domain/passed-message.js';
import { MessageReducer } from '../domain/message-reducer.js';
import type { MessagesCommand } from '../messages.service.js';

/** The reducer of one call. */
export function reducerOf({ call, request, names }: MessagesCommand, form: PassedForm): MessageReducer {
  return new MessageReducer(
    { id: call.responseId, model: request.model, inputTokens: Math.max(1, call.inputTokens) },
    {
      toolName: (name) => names.restore(name),
      omitsThinking: request.omitsThinking,
    },
    form,
  );
}
