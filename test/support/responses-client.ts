import { expect } from '@jest/globals';
import type OpenAI from 'openai';
import { OpenStream } from './gateway-client.js';
import { expectLegalEvents } from './response-event-checker.js';
import { expectValidEvent } from './response-event-schemas.js';
import { framesOf, type Frame } from './sse-frames.js';

export type Surface = '/v1' | '/external/v1';
export const SURFACES: readonly Surface[] = ['/external/v1', '/v1'];

export type ResponseBody = OpenAI.Responses.Response & { readonly compose_receipt?: unknown };

export interface WireEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

/** A whole stream, checked for its framing and for the order and the shape of its events. */
export interface CheckedStream {
  /** Those of the published API. */
  readonly events: readonly WireEvent[];
  /** Frames named `compose.…`. */
  readonly compose: readonly Frame[];
  /** The Response of the terminal event. */
  readonly response: ResponseBody;
}

/** One account's calls of the Responses API; `test-model` and the input `Hi` unless the body names others. */
export class ResponsesClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly surface: Surface = '/external/v1',
  ) {}

  create(body: object = {}, signal?: AbortSignal): Promise<Response> {
    const whole = { model: 'test-model', input: 'Hi', ...body };
    return this.call('POST', '', { body: JSON.stringify(whole), ...(signal && { signal }) });
  }

  /** @throws what is wrong with an answer that is not a Response */
  async created(body: object = {}): Promise<ResponseBody> {
    return bodyOf(await this.create(body));
  }

  async open(body: object = {}, signal?: AbortSignal): Promise<OpenStream> {
    return new OpenStream(await this.create({ ...body, stream: true }, signal));
  }

  async streamed(body: object = {}): Promise<CheckedStream> {
    return checkedStream(await this.create({ ...body, stream: true }));
  }

  find(id: string, query = ''): Promise<Response> {
    return this.call('GET', `/${id}${query}`);
  }

  async found(id: string): Promise<ResponseBody> {
    return bodyOf(await this.find(id));
  }

  erase(id: string): Promise<Response> {
    return this.call('DELETE', `/${id}`);
  }

  cancel(id: string): Promise<Response> {
    return this.call('POST', `/${id}/cancel`);
  }

  inputItems(id: string, query = ''): Promise<Response> {
    return this.call('GET', `/${id}/input_items${query}`);
  }

  private call(method: string, path: string, more: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${this.surface}/responses${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      ...more,
    });
  }
}

async function bodyOf(answer: Response): Promise<ResponseBody> {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text) as ResponseBody;
}

export async function checkedStream(answer: Response): Promise<CheckedStream> {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  return checkedFrames(framesOf(text));
}

export function checkedFrames(frames: readonly Frame[]): CheckedStream {
  expect(frames.at(-1)).toEqual({ event: undefined, data: '[DONE]' });
  const named = frames.slice(0, -1);
  const isCompose = ({ event }: Frame): boolean => event?.startsWith('compose.') === true;
  const compose = named.filter(isCompose);
  const published = named.filter((frame) => !isCompose(frame));
  expect(named).toEqual([...published, ...compose]);
  const events = published.map(({ data }) => data as WireEvent);
  expect(published.map(({ event }) => event)).toEqual(events.map(({ type }) => type));
  events.forEach(expectValidEvent);
  return { events, compose, response: expectLegalEvents(events) as unknown as ResponseBody };
}

/** The id of a response that is being streamed. */
export function idIn(stream: OpenStream): string {
  const [, id] = /"id":"(resp_[A-Za-z0-9]+)"/.exec(stream.text) ?? [];
  if (id === undefined) throw new Error(`no response has begun: ${stream.text}`);
  return id;
}

/** All text of the messages. */
export function textOf(response: ResponseBody): string {
  return response.output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : part.refusal))
    .join('');
}
