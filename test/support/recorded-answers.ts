import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from './scripted-upstream.js';

const DIRECTORY = join('test', 'fixtures', 'upstreams');
const EXPECTED = '.expected.json';

/** The names of all recorded answers on the chat wire: streams (`*.sse`) and bodies (`*.json`). */
export const RECORDED: readonly string[] = recordedIn('');

/** The same of the Gemini API. */
export const RECORDED_GEMINI: readonly string[] = recordedIn('gemini');

/** The same for another wire, whose answers have a folder of their own. */
export function recordedIn(folder: string): readonly string[] {
  return readdirSync(join(DIRECTORY, folder))
    .filter((name) => /\.(sse|json)$/.test(name) && !name.endsWith(EXPECTED))
    .map((name) => join(folder, name));
}

/** The bytes of a recorded answer, as they went over the wire. */
export function recorded(name: string): Buffer {
  return readFileSync(join(DIRECTORY, name));
}

export function recordedJson(name: string): unknown {
  return JSON.parse(recorded(name).toString());
}

/** The frames of a recorded stream whose frames end with an empty line. */
export function recordedFrames(name: string): readonly string[] {
  return recorded(name)
    .toString()
    .split(/(?<=\n\n)/);
}

/** What lies beside a recorded answer: what is to be read of it. */
export function expectedOf(name: string): unknown {
  return recordedJson(name.replace(/\.\w+$/, EXPECTED));
}

export function statusOf(name: string): number {
  return Number(/\.(\d{3})\.\w+$/.exec(name)?.[1] ?? 200);
}

interface Replay {
  /** How many bytes are sent at a time, instead of all at once. */
  readonly pieceBytes?: number;
  /** After how many frames the stream is cut off. */
  readonly frames?: number;
}

/** Answers as it was recorded. */
export function replayed(name: string, { pieceBytes, frames }: Replay = {}): Handler {
  const bytes = frames === undefined ? recorded(name) : recordedFrames(name).slice(0, frames).join('');
  const type = name.endsWith('.sse') ? 'text/event-stream' : 'application/json';
  return async (exchange) => {
    exchange.head(statusOf(name), { 'content-type': type });
    await exchange.sendSplit(bytes, pieceBytes ?? bytes.length);
    exchange.end();
  };
}
