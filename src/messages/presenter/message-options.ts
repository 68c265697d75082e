import { newId } from '../../base/ids.js';
import { MessageReducer } from '../domain/message-reducer.js';
import type { MessagesCommand } from '../messages.service.js';

const CALL_ID_DIGITS = 24;

/** The reducer of one call. Upstreams repeat the ids of calls between turns, which sends clients into loops. */
export function reducerOf({ call, request, names }: MessagesCommand): MessageReducer {
  return new MessageReducer(
    { id: call.responseId, model: request.model, inputTokens: Math.max(1, call.inputTokens) },
    {
      newCallId: () => `toolu_${newId('call').slice(-CALL_ID_DIGITS)}`,
      toolName: (name) => names.restore(name),
      omitsThinking: request.omitsThinking,
    },
  );
}
