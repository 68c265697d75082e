import type { JsonObject } from '../../../src/base/json.js';
import { SURFACES } from '../responses-client.js';
import type { Handler, ScriptedUpstream } from '../scripted-upstream.js';
import { ChatTalk } from './chat-talk.js';
import { MessagesTalk } from './messages-talk.js';
import { ResponsesTalk } from './responses-talk.js';
import type { Said, Talk, TalkOptions } from './talk.js';

export const APIS = ['chat', 'responses', 'chained responses', 'messages'] as const;
export type Api = (typeof APIS)[number];

export function talkOver(api: Api, options: TalkOptions): Talk {
  switch (api) {
    case 'chat':
      return new ChatTalk(options);
    case 'messages':
      return new MessagesTalk(options);
    default:
      return new ResponsesTalk(options, api === 'chained responses');
  }
}

/** Each way in which an API answers: on both surfaces, whole and as a stream. */
export const WAYS = SURFACES.flatMap((surface) => [true, false].map((stream) => ({ surface, stream })));

export const PNG = 'data:image/png;base64,iVBORw0KGgo=';
export const SCHEMA: JsonObject = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
};

/** What was said in turns with an image, with the outputs of calls and a schema, and with thanks; and what went up. */
export async function threeTurns(
  talk: Talk,
  upstream: ScriptedUpstream,
  answers: readonly Handler[],
): Promise<{ said: readonly Said[]; sent: readonly JsonObject[] }> {
  upstream.reset();
  for (const answer of answers) upstream.next(answer);
  talk.user('What is the weather?', PNG);
  const first = await talk.ask();
  first.calls.forEach(({ id }, index) => talk.output(id, index === 0 ? 'sun' : 'warm'));
  const second = await talk.ask(SCHEMA);
  talk.user('Thanks!');
  const third = await talk.ask();
  const sent = upstream.requests.map(({ body: { stream: _stream, ...body } }) => body);
  return { said: [first, second, third], sent };
}
