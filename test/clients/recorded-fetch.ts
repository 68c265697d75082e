import { isJsonObject, type JsonObject } from '../../src/base/json.js';

/** A fetch that keeps the bodies it has sent, for tests that say what a client really asks for. */
export class RecordedFetch {
  readonly bodies: JsonObject[] = [];

  readonly fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (typeof init?.body === 'string') {
      const body: unknown = JSON.parse(init.body);
      if (isJsonObject(body)) this.bodies.push(body);
    }
    return fetch(input, init);
  };

  /** Types of the input items of each request in order; `text` for an input that is a string. */
  get inputTypes(): readonly (readonly string[])[] {
    return this.bodies.map(({ input }) => (Array.isArray(input) ? input.map(typeOfItem) : ['text']));
  }
}

/** A message may leave its type out. */
function typeOfItem(item: unknown): string {
  return isJsonObject(item) && typeof item.type === 'string' ? item.type : 'message';
}
