import type { Target } from '../../../catalog/model.js';
import type { UpstreamRequest } from '../../http/upstream-client.js';
import type { VideoImage, VideoSubmission } from '../../video/video-provider.js';
import { wellFormedJson } from '../../well-formed.js';

const FILE_NAMES: Readonly<Record<VideoImage['mediaType'], string>> = {
  'image/jpeg': 'image.jpg',
  'image/png': 'image.png',
  'image/webp': 'image.webp',
};

/**
 * The request for the upstream: JSON, or a form when there is an image. Each time it is the same to the last byte:
 * otherwise an upstream may take it for another request, although the idempotency key is the same.
 */
export function convertSubmission(submission: VideoSubmission, target: Target): UpstreamRequest {
  const { image, remixOf, prompt } = submission;
  if (remixOf !== undefined)
    return json(`/videos/${encodeURIComponent(remixOf)}/remix`, { prompt }, submission.reference);
  const fields = fieldsFor(submission, target);
  if (!image) return json('/videos', fields, submission.reference);
  // Cannot occur in the prompt or the image: the reference is made after them.
  const boundary = `slipstream-${submission.reference}`;
  return {
    method: 'POST',
    path: '/videos',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'idempotency-key': submission.reference,
    },
    body: form(fields, image, boundary),
  };
}

type Fields = Readonly<Record<string, string | number>>;

/**
 * This wire has no aspect ratio. Other fields that it does not have are sent only where the provider's `pass_fields`
 * names them.
 */
function fieldsFor(submission: VideoSubmission, { provider, upstreamModel }: Target): Fields {
  const { prompt, seconds, size, seed, negativePrompt } = submission;
  return {
    model: upstreamModel,
    prompt,
    ...(seconds !== undefined && { seconds: String(seconds) }),
    ...(size !== undefined && { size }),
    ...(seed !== undefined && provider.passFields.includes('seed') && { seed }),
    ...(negativePrompt !== undefined &&
      provider.passFields.includes('negative_prompt') && { negative_prompt: negativePrompt }),
  };
}

function json(path: string, fields: Fields, reference: string): UpstreamRequest {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: wellFormedJson(JSON.stringify(fields)),
  };
}

function form(fields: Fields, image: VideoImage, boundary: string): Buffer {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const fileHead =
    `--${boundary}\r\ncontent-disposition: form-data; name="input_reference"; ` +
    `filename="${FILE_NAMES[image.mediaType]}"\r\ncontent-type: ${image.mediaType}\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(parts.join('') + fileHead),
    image.bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}
