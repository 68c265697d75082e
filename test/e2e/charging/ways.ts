import type { JsonObject } from '../../../src/base/json.js';
import { receiptInBody } from '../../../src/base/money/receipt-json.js';
import { receiptIn } from '../../support/gateway-client.js';
import { receiptInHeader } from '../../support/receipts.js';
import { framesOf, type Frame } from '../../support/sse-frames.js';
import { until } from '../../support/until.js';

/** One way to ask for text and be charged for it. */
export interface Way {
  readonly name: string;
  readonly api: 'chat' | 'responses';
  readonly streamed: boolean;
  readonly background: boolean;
}

const CHAT = { api: 'chat', background: false } as const;
const RESPONSES = { api: 'responses', background: false } as const;

export const FOREGROUND: readonly Way[] = [
  { name: 'chat, whole', ...CHAT, streamed: false },
  { name: 'chat, streamed', ...CHAT, streamed: true },
  { name: 'Responses, whole', ...RESPONSES, streamed: false },
  { name: 'Responses, streamed', ...RESPONSES, streamed: true },
];
export const BACKGROUND: readonly Way[] = [
  { name: 'Responses, in the background', ...RESPONSES, streamed: false, background: true },
  { name: 'Responses, streamed in the background', ...RESPONSES, streamed: true, background: true },
];
export const EVERY_WAY = [...FOREGROUND, ...BACKGROUND];
export const STREAMS = EVERY_WAY.filter(({ streamed }) => streamed);
export const WHOLE = EVERY_WAY.filter(({ streamed }) => !streamed);

export type Base = '/v1' | '/external/v1';
export const BASES: readonly Base[] = ['/v1', '/external/v1'];

/** A gateway, wherever it runs. */
export interface Place {
  readonly url: string;
}

export interface Sent {
  /** Of the native surface, unless it is named. */
  readonly base?: Base;
  /** Output tokens at most. */
  readonly cap?: number;
  /** Fields beside those that the way itself has. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** How a client was answered in the end. */
export interface Told {
  readonly status: number;
  /** Of the error, when there was one. */
  readonly code: string | undefined;
  /** As it stands in bodies; its absent fields are undefined. */
  readonly receipt: JsonObject | undefined;
  /** Of a Response. */
  readonly outcome?: string;
}

const pathOf = ({ api }: Way): string => (api === 'chat' ? '/chat/completions' : '/responses');

/** A call of `test-model` that says `Hi`, which is one token. */
export function send(
  way: Way,
  { url }: Place,
  key: string,
  { base = '/v1', cap, body = {}, headers = {}, signal }: Sent = {},
): Promise<Response> {
  const isChat = way.api === 'chat';
  const asked = isChat ? { messages: [{ role: 'user', content: 'Hi' }] } : { input: 'Hi' };
  return fetch(url + base + pathOf(way), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      model: 'test-model',
      ...asked,
      ...(way.streamed && { stream: true }),
      ...(way.background && { background: true }),
      ...(cap !== undefined && { [isChat ? 'max_tokens' : 'max_output_tokens']: cap }),
      ...body,
    }),
    ...(signal && { signal }),
  });
}

/** Sends it and reads the answer to its end; a background call is asked for until it has ended. */
export async function call(way: Way, place: Place, key: string, sent: Sent = {}): Promise<Told> {
  return told(way, place, key, await send(way, place, key, sent));
}

export async function told(way: Way, place: Place, key: string, answer: Response): Promise<Told> {
  if (answer.status !== 200) {
    const { error } = (await answer.json()) as { error: { code: string } };
    const receipt = answer.headers.has('x-compose-receipt') ? { unexpected: true } : undefined;
    return { status: answer.status, code: error.code, receipt };
  }
  if (way.streamed) return toldByFrames(framesOf(await answer.text()));
  const body = (await answer.json()) as JsonObject;
  if (way.background) return endOfResponse(place, key, body['id'] as string);
  return toldByBody(body, answer);
}

/** A Response as it is found once it has ended. */
export async function endOfResponse({ url }: Place, key: string, id: string): Promise<Told> {
  let body: JsonObject = {};
  await until(async () => {
    const answer = await fetch(`${url}/v1/responses/${id}`, { headers: { authorization: `Bearer ${key}` } });
    body = (await answer.json()) as JsonObject;
    return !['queued', 'in_progress'].includes(body['status'] as string);
  });
  return { ...toldByBody(body), outcome: body['status'] as string };
}

/** @param answer has the receipt as a header too, unless it is left out. */
function toldByBody(body: JsonObject, answer?: Response): Told {
  const receipt = body['compose_receipt'] as JsonObject | undefined;
  const error = body['error'] as { code: string } | null | undefined;
  if (answer && receipt) {
    const { id } = receiptInHeader(answer) as { id: string };
    if (id !== receipt['id']) throw new Error('header and body show two receipts');
  }
  return { status: 200, code: error?.code, receipt };
}

export function toldByFrames(frames: readonly Frame[]): Told {
  const receipt = receiptIn(frames);
  const error = frames.find(({ event }) => event === 'compose.error')?.data as { code: string } | undefined;
  return {
    status: 200,
    code: error?.code,
    receipt: receipt && (receiptInBody(receipt) as JsonObject),
  };
}
