import type { JsonObject } from '../../../../src/base/json.js';
import type { ProviderSettings } from '../../../../src/catalog/model.js';
import type { Profile } from '../../../../src/catalog/profile.js';
import {
  convertRequest,
  type ConvertedRequest,
} from '../../../../src/providers/openai/responses/request/convert-request.js';
import { RefusedSignatures } from '../../../../src/providers/text/refused-signatures.js';
import type { TextRequest } from '../../../../src/providers/text/text-request.js';
import { chatPrompt } from '../../../support/chat-prompt.js';
import { USER } from '../../../support/chat-turns.js';
import { modelFor, requestFor, settingsFor, targetFor } from '../../support.js';

interface Circumstances {
  readonly provider?: Partial<ProviderSettings>;
  readonly profile?: Partial<Profile>;
  readonly refused?: RefusedSignatures;
  readonly request?: Partial<TextRequest>;
}

/** What goes up for a chat body. */
export function converted(chat: JsonObject, circumstances: Circumstances = {}): ConvertedRequest {
  const { provider, profile, request } = circumstances;
  const settings = settingsFor('http://127.0.0.1:1', { wires: ['responses'], ...provider });
  const target = targetFor(settings);
  const prompt = chatPrompt({ messages: [USER], ...chat });
  const asked = requestFor(modelFor([target]), { stream: false, prompt, ...request });
  const source = { scope: 'scripted', refused: circumstances.refused ?? new RefusedSignatures() };
  return convertRequest(asked, target, source, { ...settings, ...profile }, () => 'affinity');
}

/** The same as it is read at the other end. */
export function bodyOf(chat: JsonObject, circumstances?: Circumstances): JsonObject {
  return JSON.parse(JSON.stringify(converted(chat, circumstances).body)) as JsonObject;
}

export function inputOf(...messages: readonly JsonObject[]): unknown {
  return bodyOf({ messages })['input'];
}
