import { GatewayError } from '../../base/errors/gateway-error.js';

export function conversationNotFound(id: string, param?: string): GatewayError {
  return new GatewayError('conversation_not_found', `Conversation with id '${id}' not found.`, { param });
}
