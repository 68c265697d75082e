import { describe, expect, it } from '@jest/globals';
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { JsonObject } from '../../../src/base/json.js';
import type { ClientCallItem, UpstreamItem } from '../../../src/responses/domain/item.js';
import type { ResponseObject } from '../../../src/responses/domain/response.js';
import type { ResponseEvent } from '../../../src/responses/domain/response-event.js';
import { COMPACTION, run, say } from './reducer-fixture.js';

/**
 * Our types as the SDK would state them: lists can be changed, as it says of every list, and JSON that is passed on as
 * it came fits wherever it says more. Calls of client-run tools, and items of an upstream's own, are such JSON; `expectValidEvent` has their schemas.
 */
type Stated<T> = [JsonObject] extends [T]
  ? never
  : T extends ClientCallItem | UpstreamItem
    ? never
    : T extends readonly (infer Entry)[]
      ? Stated<Entry>[]
      : T extends object
        ? { -readonly [Key in keyof T]: Stated<T[Key]> }
        : T;

/**
 * Where the SDK's Response is stricter than the published object: it adds `output_text` itself, lists the error codes
 * of OpenAI alone, leaves `usage` out where the wire has null, and knows no service tiers or reasoning efforts but
 * OpenAI's. It is older than steering, and so than one reason of `incomplete_details`.
 */
type Looser = 'output_text' | 'error' | 'usage' | 'service_tier' | 'reasoning' | 'incomplete_details';

/** Published after this version of the SDK. */
type Newer = { readonly command_index: number };
type KnownEvent = Exclude<ResponseEvent, Newer>;

type OurEvent = Stated<Exclude<KnownEvent, { readonly response: unknown }>>;
type OurResponseEvent = Stated<Extract<ResponseEvent, { readonly response: unknown }>>;
type TheirResponseEvent = Extract<ResponseStreamEvent, { response: Response }>;
type WithoutResponse<T> = T extends unknown ? Omit<T, 'response'> : never;

const asResponse = (response: Omit<Stated<ResponseObject>, Looser>): Omit<Response, Looser> => response;
const asUsage = (usage: NonNullable<ResponseObject['usage']>): NonNullable<Response['usage']> => usage;
const asEvent = (event: OurEvent): ResponseStreamEvent => event;
const asResponseEvent = (event: WithoutResponse<OurResponseEvent>): WithoutResponse<TheirResponseEvent> =>
  event;
const asTheirType = (type: KnownEvent['type']): ResponseStreamEvent['type'] => type;

describe('the types of the official client', () => {
  it('fit what this gateway sends', () => {
    const { events: all, final } = run([say('a')], undefined, {}, [COMPACTION]);
    const events = all as readonly KnownEvent[];
    expect(asResponse(final as Stated<ResponseObject>)).toBe(final);
    for (const event of events) {
      expect(asTheirType(event.type)).toBe(event.type);
      if ('response' in event) expect(asResponseEvent(event as OurResponseEvent)).toBe(event);
      else expect(asEvent(event as OurEvent)).toBe(event);
    }
    expect(final.usage && asUsage(final.usage)).toBeNull();
  });
});
