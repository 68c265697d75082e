import { expect } from '@jest/globals';
import { chatChunk } from '../../support/chat-wire.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { isEnd, type Message, type SocketClient } from './socket-client.js';

/** Begins an answer that has said nothing yet. */
export const SILENT = chatChunk({}, null, {
  choices: [
    { index: 0, delta: { role: 'assistant', content: '' }, logprobs: { content: [] }, finish_reason: null },
  ],
});

export type Shown = Record<string, unknown> & { readonly id: string };

/** The messages about each response, in the order in which the responses began; for sockets without lanes. */
export function turnsOf({ messages }: SocketClient): readonly (readonly Message[])[] {
  const turns: Message[][] = [];
  for (const message of messages) {
    if (message.type === 'response.created') turns.push([]);
    turns.at(-1)?.push(message);
  }
  return turns;
}

/** The Response of this turn at its end. Its events are legal, and numbered together with what is said about it. */
export function endedTurn(messages: readonly Message[]): Shown {
  const { id } = messages[0]!['response'] as Shown;
  const isSteering = ({ type }: Message): boolean => type.startsWith('response.steer');
  const numbered = messages.filter(
    (message) =>
      !message.type.startsWith('compose') &&
      (!isSteering(message) || (message['steer'] as Message)['previous_response_id'] === id),
  );
  expect(numbered.map((message) => message['sequence_number'])).toEqual([...numbered.keys()]);
  const events = numbered
    .filter((message) => !isSteering(message))
    .map(({ stream_id: _lane, ...event }, index) => ({ ...event, sequence_number: index }));
  return expectLegalEvents(events) as Shown;
}

/** Waits until this many responses have ended. */
export async function allEnded(client: SocketClient, count: number): Promise<readonly Shown[]> {
  let from = 0;
  for (let ended = 0; ended < count; ended += 1) {
    const end = await client.shows(isEnd, from);
    from = client.messages.indexOf(end) + 1;
  }
  return turnsOf(client).map(endedTurn);
}

/** The id of the newest response that has begun. */
export async function begun(client: SocketClient, from = 0): Promise<string> {
  const { response } = await client.shows(({ type }) => type === 'response.created', from);
  return (response as Shown).id;
}

/** Steers, and waits for the answer. */
export async function steer(client: SocketClient, id: string, input: unknown, more = {}): Promise<Message> {
  const from = client.messages.length;
  client.send({ type: 'response.steer', previous_response_id: id, input, ...more });
  return client.shows(
    ({ type }) => type.startsWith('response.steer') && type !== 'response.steer.pending',
    from,
  );
}
