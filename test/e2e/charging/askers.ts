import type { JsonObject } from '../../../src/base/json.js';
import { chatAnswer, chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';
import { fileFor } from '../../support/gateway.js';
import type { Exchange, Handler, ScriptedUpstream } from '../../support/scripted-upstream.js';
import { VideosClient, type ShownVideo } from '../videos/videos-client.js';
import { tokenBill, type Bill } from './bills.js';
import { EVERY_WAY, send, told, type Place, type Sent, type Told } from './ways.js';

/** A paid call of any kind, begun and waiting for its upstream. */
export interface Begun {
  /** Lets the upstream end it, and reads the answer. */
  finish(): Promise<Told>;
}

/** One kind of paid call, of text or of a video. */
export interface Asker {
  readonly name: string;
  /** Whether it is answered before its upstream is. */
  readonly isJob: boolean;
  /** Atomic USDC that one call takes all of. */
  readonly budget: string;
  /** What a call costs that ended well. */
  readonly bill: Bill;
  /** Fields that no model takes. */
  readonly wrong: object;
  /** Fields that make another request of it. */
  readonly other: object;
  readonly large: object;
  send(place: Place, key: string, sent?: Sent): Promise<Response>;
  begin(upstream: ScriptedUpstream, place: Place, key: string, sent?: Sent): Promise<Begun>;
}

export const VIDEO_BILL: Bill = { amount: 404_000, estimated: false, lines: { video_seconds: 4 } };

/** `test-model` for text and `film` for videos, 4 seconds at 0.1 USD. */
export function fileOf(url: string, provider: object = {}): object {
  const { providers, models } = fileFor(url) as { providers: readonly object[]; models: readonly object[] };
  const film = {
    id: 'film',
    kind: 'video',
    targets: [{ provider: 'upstream', model: 'upstream-film' }],
    pricing: { per_second: 0.1 },
    durations: [4, 8],
  };
  return {
    providers: providers.map((one) => ({ ...one, wires: ['chat', 'videos'], ...provider })),
    models: [...models, film],
  };
}

/** Ends a call of text with the count that its bill is made of. */
export function complete(exchange: Exchange): void {
  const usage = chatUsage(100, 50);
  if (exchange.request.body.stream === true) {
    exchange.stream(chatChunk({ content: 'Hello' }), chatChunk({}, 'stop'), usageChunk(usage));
  } else exchange.json(chatAnswer({ content: 'Hello' }, 'stop', { usage }));
}

/** An upstream that has one job, in whatever state it is in when it is asked for. */
export function oneJob(state: () => JsonObject): Handler {
  return (exchange) => {
    const { method, path } = exchange.request;
    const job = {
      id: 'up_1',
      object: 'video',
      model: 'upstream-film',
      progress: 0,
      seconds: '4',
      error: null,
    };
    if (path.endsWith('/content')) {
      exchange.head(200, { 'content-type': 'video/mp4' });
      exchange.end('film');
    } else if (method === 'DELETE') exchange.json({ id: 'up_1', object: 'video.deleted', deleted: true });
    else exchange.json({ ...job, ...(method === 'POST' ? { status: 'queued' } : state()) });
  };
}

/** A video that has ended, as its client is shown it. */
export async function endOfVideo({ url }: Place, key: string, id: string): Promise<Told> {
  const { error, compose_receipt, status } = await new VideosClient(url, key).ended(id);
  return {
    status: 200,
    code: error?.code,
    receipt: compose_receipt as JsonObject | undefined,
    outcome: status,
  };
}

const TEXT: readonly Asker[] = EVERY_WAY.map((way) => ({
  name: way.name,
  isJob: way.background,
  budget: '2000',
  bill: tokenBill(100, 50, false),
  wrong: { temperature: 'hot' },
  other: { temperature: 0.5 },
  large: { metadata: { filling: 'x'.repeat(20_000) } },
  send: (place, key, sent) => send(way, place, key, sent),
  begin: async (upstream, place, key, sent) => {
    const arrived = new Promise<Exchange>((resolve) => upstream.next(resolve));
    const answer = send(way, place, key, sent);
    const exchange = await arrived;
    return {
      finish: async () => {
        complete(exchange);
        return told(way, place, key, await answer);
      },
    };
  },
}));

const VIDEO: Asker = {
  name: 'a video',
  isJob: true,
  budget: '500000',
  bill: VIDEO_BILL,
  wrong: { n: 2 },
  other: { prompt: 'Another' },
  large: { prompt: 'x'.repeat(20_000) },
  send: ({ url }, key, { body = {}, headers = {} } = {}) =>
    new VideosClient(url, key).call(
      'POST',
      '/generations',
      { model: 'film', prompt: 'A yellow square', ...body },
      { ...headers },
    ),
  begin: async (upstream, place, key, sent) => {
    let state: JsonObject = { status: 'in_progress', progress: 10 };
    upstream.always(oneJob(() => state));
    const answer = await VIDEO.send(place, key, sent);
    const { id } = (await answer.json()) as ShownVideo;
    return {
      finish: () => {
        state = { status: 'completed', progress: 100 };
        return endOfVideo(place, key, id);
      },
    };
  },
};

export const ASKERS: readonly Asker[] = [...TEXT, VIDEO];
