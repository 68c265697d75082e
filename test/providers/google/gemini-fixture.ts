import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { ProviderSettings, TextModel } from '../../../src/catalog/model.js';
import { GeminiConverter } from '../../../src/providers/google/convert-answer.js';
import { convertRequest } from '../../../src/providers/google/convert-request.js';
import { GoogleTextProvider } from '../../../src/providers/google/google-text-provider.js';
import { ToolNames } from '../../../src/providers/google/tool-names.js';
import type { GenerateContentBody } from '../../../src/providers/google/wire.js';
import { mapErrorFrame } from '../../../src/providers/map-error.js';
import type { AnswerReading } from '../../../src/providers/text/answer/answer-converter.js';
import { demandsSignatures } from '../../../src/providers/text/gemini-signatures.js';
import { RefusedSignatures } from '../../../src/providers/text/refused-signatures.js';
import type { TextRequest } from '../../../src/providers/text/text-request.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';
import {
  attemptFor,
  imageFetch,
  modelFor,
  outcomeOf,
  requestFor,
  settingsFor,
  targetFor,
} from '../support.js';

export const MODEL = 'gemini-3.8-flash';
export const SIGNATURE = 'Q3VSZS9zaWduYXR1cmU+PQ==';

/** The fields of a call with a signature. */
export function signed(signature: string): JsonObject {
  return { extra_content: { google: { thought_signature: signature } } };
}

interface BodyOptions {
  readonly model?: string;
  readonly provider?: Partial<ProviderSettings>;
  readonly entry?: Partial<TextModel>;
  readonly request?: Partial<TextRequest>;
  readonly refused?: RefusedSignatures;
}

/** What goes up for a chat body. */
export function bodyOf(chat: JsonObject, options: BodyOptions = {}): GenerateContentBody {
  const target = targetFor(settingsFor('http://localhost', options.provider), {
    upstreamModel: options.model ?? MODEL,
  });
  const messages = [{ role: 'user', content: 'Hi' }];
  const prompt = chatPrompt({ messages, ...chat });
  const request = requestFor(modelFor([target], options.entry), { prompt, ...options.request });
  const refused = options.refused ?? new RefusedSignatures();
  return convertRequest(request, target, {
    images: new Map(),
    refused,
    demandsSignatures: demandsSignatures(target.upstreamModel),
    thinking: 'effort',
  }).body;
}

/** How an answer to a chat body is read. */
export function readingFor(chat: JsonObject = {}): AnswerReading {
  const prompt = chatPrompt({ messages: [], ...chat });
  return {
    newConverter: () =>
      new GeminiConverter({ prompt, names: new ToolNames(prompt.tools), scope: 'scripted' }),
    failureIn: (frame) => (frame['error'] ? mapErrorFrame(frame, { nowMs: 0 }) : undefined),
    takesLists: true,
  };
}

/** A scripted upstream, and a provider that speaks Gemini to it. */
export class GeminiFixture {
  upstream!: ScriptedUpstream;
  provider!: GoogleTextProvider;

  constructor() {
    beforeAll(async () => {
      this.upstream = await startScriptedUpstream();
    });
    beforeEach(() => {
      this.upstream.reset();
      this.provider = new GoogleTextProvider(this.settings, imageFetch());
    });
    afterAll(async () => {
      await this.provider.destroy();
      await this.upstream.close();
    });
  }

  get settings(): ProviderSettings {
    return settingsFor(new URL(this.upstream.url).origin, { type: 'google' });
  }

  async ask(
    chat: JsonObject = {},
    request: Partial<TextRequest> = {},
    model = MODEL,
  ): Promise<{ events: SpokenEvent[]; failure?: unknown }> {
    const target = targetFor(this.settings, { upstreamModel: model });
    const prompt = chatPrompt({ messages: [{ role: 'user', content: 'Hi' }], ...chat });
    const asked = requestFor(modelFor([target]), { prompt, ...request });
    return outcomeOf(this.provider.generate(attemptFor(target, { request: asked })));
  }
}
