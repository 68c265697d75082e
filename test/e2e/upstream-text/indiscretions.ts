import type { JsonObject } from '../../../src/base/json.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { type DialectWire, saysOver, wantsStream } from '../../support/dialect-wires.js';
import { geminiFrame } from '../../support/gemini-wire.js';
import { wireFrames, wireResponse } from '../../support/responses-wire.js';
import type { Exchange } from '../../support/scripted-upstream.js';

/**
 * What stands in all that an upstream tells but its words to the client, and in the gateway's requests to it. No id or
 * signature has it by chance.
 */
export const MARK = /acme-corp/i;
export const KEY = 'operators-own-key-of-acme-corp';
export const HEADER = 'gateway-of-acme-corp';
export const PROMPT = 'What is the secret plan of the whole village?';
export const ANSWER = 'A good answer.';
const USED = { input: 10, output: 5 };

/** Of every answer, whatever it is. Who is to wait that long does not ask again. */
const HEADERS: Readonly<Record<string, string>> = {
  'openai-organization': 'acme-corp',
  'x-request-id': 'request-of-acme-corp',
  'request-id': 'request-of-acme-corp',
  server: 'acme-corp',
  via: '1.1 acme-corp',
  'set-cookie': 'session=acme-corp',
  'x-model': 'acme-corp',
  'retry-after': '6',
};

/** One way to say too much. */
export interface Indiscretion {
  readonly name: string;
  /** Only over this wire. */
  readonly wire?: string;
  /** @param text with everything that must not be told */
  readonly answer: (wire: DialectWire, exchange: Exchange, text: string) => unknown;
}

const jsonWith = (exchange: Exchange, body: JsonObject, status: number): void =>
  exchange.json(body, status, HEADERS);

function textWith(exchange: Exchange, text: string, status: number, type: string): void {
  exchange.head(status, { ...HEADERS, 'content-type': type });
  exchange.end(text);
}

/** A stream of these bytes, whatever was asked for. */
function streamWith(exchange: Exchange, bytes: string): void {
  textWith(exchange, bytes, 200, 'text/event-stream');
}

const refusals = ([400, 401, 429, 500] as const).map((status): Indiscretion => ({
  name: `refuses with ${status}`,
  answer: (wire, exchange, text) => jsonWith(exchange, wire.refusal(wire.error(status, text)), status),
}));

const pages = [200, 307, 400, 404, 500, 503].map((status): Indiscretion => ({
  name: `shows a page with ${status}`,
  answer: (_wire, exchange, text) => {
    exchange.head(status, {
      ...HEADERS,
      location: 'http://acme-corp/elsewhere',
      'content-type': 'text/html',
    });
    exchange.end(`<html><h1>${text}</h1></html>`);
  },
}));

/** What follows the beginning of a stream. */
const ENDS: readonly (readonly [string, (wire: DialectWire, text: string) => string])[] = [
  ['an error', (wire, text) => wire.failed(wire.error(500, text))],
  ['an error of the request', (wire, text) => wire.failed(wire.error(400, text))],
  ['an error that is no JSON', (_wire, text) => `event: error\ndata: ${text}\n\n`],
  ['half a frame', (_wire, text) => `data: {"error": "${text}`],
  ['a page', (_wire, text) => `<html>${text}</html>\n\n`],
  ['nothing', () => ''],
  ['comments', (wire, text) => `: ${text}\n\n${wire.end(USED)}`],
];

const streams = ENDS.flatMap(([name, end]): readonly Indiscretion[] => [
  {
    name: `streams ${name}`,
    answer: (wire, exchange, text) => streamWith(exchange, end(wire, text)),
  },
  {
    name: `streams ${name} behind a start`,
    answer: (wire, exchange, text) => streamWith(exchange, wire.start + end(wire, text)),
  },
  {
    name: `streams ${name} behind a word`,
    answer: (wire, exchange, text) => streamWith(exchange, wire.start + wire.word(ANSWER) + end(wire, text)),
  },
]);

/** What only one of the wires can say. */
const OWN: readonly (readonly [string, string, (text: string) => string])[] = [
  [
    'chat',
    'an error of a choice',
    (text) =>
      sse(
        chatChunk({ content: ANSWER }),
        chatChunk({}, null, {
          choices: [
            { index: 0, delta: { content: '' }, finish_reason: 'stop', error: { code: 502, message: text } },
          ],
        }),
        '[DONE]',
      ),
  ],
  [
    'chat',
    'a finish that is an error',
    (text) =>
      sse(
        chatChunk({ content: ANSWER }),
        chatChunk({}, 'error', { error: { code: 'server_error', message: text } }),
      ),
  ],
  [
    'responses',
    'a Response that failed',
    (text) =>
      wireFrames({
        type: 'response.failed',
        response: wireResponse([], { status: 'failed', error: { code: 'server_error', message: text } }),
      }),
  ],
  [
    'responses',
    'a Response that is incomplete',
    (text) =>
      wireFrames({
        type: 'response.incomplete',
        response: wireResponse([], { status: 'incomplete', incomplete_details: { reason: text } }),
      }),
  ],
  [
    'gemini',
    'a finish that is an error',
    (text) => {
      const { candidates, ...frame } = geminiFrame([], 'MALFORMED_FUNCTION_CALL');
      const [candidate] = candidates as readonly JsonObject[];
      return sse({ ...frame, candidates: [{ ...candidate, finishMessage: text }] });
    },
  ],
  [
    'gemini',
    'a prompt that is blocked',
    (text) => sse({ promptFeedback: { blockReason: 'SAFETY', blockReasonMessage: text } }),
  ],
];

export const INDISCRETIONS: readonly Indiscretion[] = [
  ...refusals,
  ...pages,
  ...streams,
  ...OWN.map(([wire, name, bytes]): Indiscretion => ({
    name: `tells of ${name}`,
    wire,
    answer: ({ start }, exchange, text) => streamWith(exchange, start + bytes(text)),
  })),
  {
    name: 'answers well',
    answer: (wire, exchange) => {
      if (wantsStream(exchange)) exchange.head(200, { ...HEADERS, 'content-type': 'text/event-stream' });
      else return jsonWith(exchange, wire.whole(ANSWER, USED), 200);
      return saysOver(wire, [ANSWER], USED)(exchange);
    },
  },
  {
    name: 'tells of an error with 200',
    answer: (wire, exchange, text) => jsonWith(exchange, wire.refusal(wire.error(500, text)), 200),
  },
  {
    name: 'puts it where names belong',
    answer: (wire, exchange, text) => {
      const error = { ...wire.error(400, text), code: KEY, type: KEY, status: KEY, param: KEY };
      jsonWith(exchange, wire.refusal(error), 400);
    },
  },
  {
    name: 'breaks off',
    answer: async (_wire, exchange, text) => {
      exchange.head(200, { ...HEADERS, 'content-type': 'application/json', 'content-length': '9999' });
      await exchange.send(`{"error": "${text}`);
      exchange.breakConnection();
    },
  },
  {
    name: 'has a reason beside its status',
    answer: (_wire, exchange, text) => exchange.raw(`HTTP/1.1 500 ${text}\r\ncontent-length: 0\r\n\r\n`),
  },
  { name: 'speaks no HTTP', answer: (_wire, exchange, text) => exchange.raw(`${text}\r\n\r\n`) },
];
