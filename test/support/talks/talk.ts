import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import type { Surface } from '../responses-client.js';

/** What an answer says, whatever API and form it came in. */
export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly signatures: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly isComplete: boolean;
  readonly tokens: readonly (number | undefined)[];
}

/** One conversation with a model, over one API in one form. */
export interface Talk {
  user(text: string, image?: string): void;
  output(callId: string, text: string): void;
  /** Asks the model, and keeps its answer as a part of the conversation. */
  ask(schema?: JsonObject): Promise<Said>;
}

export interface TalkOptions {
  readonly url: string;
  readonly key: string;
  readonly surface: Surface;
  readonly stream: boolean;
  /** May change from turn to turn. */
  model: string;
  readonly instructions: string;
  /** Names of functions without parameters of their own. */
  readonly tools: readonly string[];
}

/** Of every function of a talk. */
export const PARAMETERS: JsonObject = { type: 'object', properties: { at: { type: 'string' } } };
export const EFFORT = 'high';

/** Empty for what is absent or null. */
export function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The texts of a field of these, one after the other. */
export function textsIn(objects: readonly JsonObject[], field: string): string {
  return objects.map((object) => textIn(object[field])).join('');
}
