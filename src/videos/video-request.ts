import { GatewayError } from '../base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../base/json.js';
import { integer, number, object, text, textOf } from '../base/shape/schema-parts.js';
import { checkerOf, type Checker } from '../base/shape/checker.js';
import { withoutNulls } from '../base/shape/without-nulls.js';
import type { FieldNames } from './domain/fit-to-model.js';
import type { VideoParameters, VideoShape } from './domain/video-job.js';

/** An image as the client sent it, or its address. */
export type RequestedImage = { readonly url: string } | { readonly bytes: Buffer };

/** A request for a video, checked for shape. */
export interface VideoRequest {
  readonly shape: VideoShape;
  /** Public id as sent, options of a sandbox id included. */
  readonly model: string;
  readonly parameters: VideoParameters;
  readonly image: RequestedImage | undefined;
  readonly names: FieldNames;
}

const MOST_CHARACTERS = 32_000;
const MOST_SECONDS = 3_600;
const LARGEST_SEED = 2 ** 32 - 1;
/** OpenAI's default model for videos. */
const OPENAI_DEFAULT_MODEL = 'sora-2';

const SIZE = /^[1-9]\d{0,4}x[1-9]\d{0,4}$/;
const ASPECT_RATIO = /^[1-9]\d{0,3}:[1-9]\d{0,3}$/;
const IMAGE_URL = /^(?:https:\/\/|data:)/i;

const prompt = textOf({ minLength: 1, maxLength: MOST_CHARACTERS });
const model = textOf({ minLength: 1, maxLength: 256 });

const checkGeneration = checkerOf(
  object(
    { model, prompt },
    {
      duration: number(0, MOST_SECONDS),
      aspect_ratio: text,
      size: text,
      image_url: text,
      n: integer(1, 1),
      seed: integer(0, LARGEST_SEED),
      negative_prompt: textOf({ maxLength: MOST_CHARACTERS }),
    },
  ),
);

const checkOpenAi = checkerOf(
  object(
    { prompt },
    {
      model,
      seconds: { type: ['string', 'number'] },
      size: text,
      input_reference: object({}, { image_url: text, file_id: text }),
    },
  ),
);

const checkRemix = checkerOf(object({ prompt }));

/** `POST …/videos/generations` @throws GatewayError 400 */
export function parseGeneration(sent: JsonObject): VideoRequest {
  const body = checked(checkGeneration, sent);
  const aspectRatio = textIn(body['aspect_ratio']);
  if (aspectRatio !== undefined && !ASPECT_RATIO.test(aspectRatio))
    throw wrong('aspect_ratio', 'must be width:height, such as "16:9"');
  const url = textIn(body['image_url']);
  return {
    shape: 'generation',
    model: textIn(body['model']) ?? '',
    parameters: {
      prompt: textIn(body['prompt']) ?? '',
      seconds: secondsIn(body['duration'], 'duration'),
      size: sizeIn(body['size']),
      aspectRatio,
      seed: numberIn(body['seed']),
      negativePrompt: textIn(body['negative_prompt']),
    },
    image: url === undefined ? undefined : imageAt(url, 'image_url'),
    names: { seconds: 'duration', image: 'image_url' },
  };
}

/** OpenAI's `POST …/videos`. @param upload the bytes of `input_reference` @throws GatewayError 400 */
export function parseOpenAiVideo(sent: JsonObject, upload?: Buffer): VideoRequest {
  const body = checked(checkOpenAi, sent);
  const seconds = body['seconds'];
  return {
    shape: 'openai',
    model: textIn(body['model']) ?? OPENAI_DEFAULT_MODEL,
    parameters: {
      prompt: textIn(body['prompt']) ?? '',
      seconds: secondsIn(typeof seconds === 'string' ? decimal(seconds, 'seconds') : seconds, 'seconds'),
      size: sizeIn(body['size']),
    },
    image: upload ? { bytes: upload } : referenceIn(body['input_reference'] as JsonObject | undefined),
    names: { seconds: 'seconds', image: 'input_reference' },
  };
}

/** @returns the prompt of a remix @throws GatewayError 400 */
export function parseRemix(sent: JsonObject): string {
  return textIn(checked(checkRemix, sent)['prompt']) ?? '';
}

function referenceIn(reference: JsonObject | undefined): RequestedImage | undefined {
  if (!reference) return undefined;
  if (reference['file_id'] !== undefined)
    throw new GatewayError('unsupported_parameter', 'Files are not kept here; send the image or its URL.', {
      param: 'input_reference.file_id',
    });
  const url = textIn(reference['image_url']);
  if (url === undefined)
    throw new GatewayError(
      'missing_required_parameter',
      'Missing required parameter: `input_reference.image_url`.',
      { param: 'input_reference.image_url' },
    );
  return imageAt(url, 'input_reference.image_url');
}

function checked(check: Checker, sent: JsonObject): JsonObject {
  check(sent);
  return withoutNulls(sent);
}

function imageAt(url: string, param: string): RequestedImage {
  if (!IMAGE_URL.test(url)) throw wrong(param, 'must be an https URL, or a data URL');
  return { url };
}

function sizeIn(value: JsonValue | undefined): string | undefined {
  const size = textIn(value);
  if (size !== undefined && !SIZE.test(size))
    throw wrong('size', 'must be width x height, such as "1280x720"');
  return size;
}

function secondsIn(value: JsonValue | undefined, param: string): number | undefined {
  const seconds = numberIn(value);
  if (seconds !== undefined && (seconds <= 0 || seconds > MOST_SECONDS))
    throw wrong(param, `must be more than 0 and at most ${MOST_SECONDS} seconds`);
  return seconds;
}

function decimal(value: string, param: string): number {
  if (!/^\d{1,5}(?:\.\d{1,6})?$/.test(value)) throw wrong(param, 'must be a number of seconds, such as "4"');
  return Number(value);
}

function textIn(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function wrong(param: string, what: string): GatewayError {
  return new GatewayError('invalid_value', `\`${param}\` ${what}.`, { param });
}
