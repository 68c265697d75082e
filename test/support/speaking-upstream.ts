import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { wireAt } from './dialect-wires.js';
import { bodyOf, RestartableUpstream } from './restartable-upstream.js';

/** Each is one token. */
const WORD = ' word';
export const WORDS = 20;
export const WHOLE_TEXT = WORD.repeat(WORDS);
const PACE_MS = 5;

/** Streams every answer word by word, on the wire that it is asked on, and takes its time. */
export class SpeakingUpstream extends RestartableUpstream {
  calls = 0;
  /** Streams that have begun to speak and have not ended. */
  speaking = 0;

  protected async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await bodyOf(incoming))) return;
    this.calls += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const wire = wireAt(incoming.url ?? '');
    response.write(wire.start);
    this.speaking += 1;
    for (let word = 0; word < WORDS && !response.destroyed; word += 1) {
      response.write(wire.word(WORD));
      await sleep(PACE_MS);
    }
    this.speaking -= 1;
    if (!response.destroyed) response.end(wire.end({ input: 10, output: WORDS }));
  }
}
