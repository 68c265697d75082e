import type { JsonObject } from '../../base/json.js';
import type { VideoSubmission } from '../video/video-provider.js';

/** What this wire calls a resolution, by the shorter side of a size. */
const RESOLUTIONS: ReadonlyMap<number, string> = new Map([
  [720, '720p'],
  [1080, '1080p'],
  [2160, '4k'],
]);

/** The body of `predictLongRunning`. Fields without a value are left out: unknown or unwanted fields are refused. */
export function convertSubmission(submission: VideoSubmission): JsonObject {
  const { prompt, seconds, size, aspectRatio, image, seed, negativePrompt } = submission;
  const [width = 0, height = 0] = (size ?? '').split('x').map(Number);
  const ratio = aspectRatio ?? (size === undefined ? undefined : ratioOf(width, height));
  const resolution = RESOLUTIONS.get(Math.min(width, height));
  return {
    instances: [
      {
        prompt,
        ...(image && {
          image: { bytesBase64Encoded: image.bytes.toString('base64'), mimeType: image.mediaType },
        }),
      },
    ],
    parameters: {
      sampleCount: 1,
      ...(seconds !== undefined && { durationSeconds: seconds }),
      ...(ratio !== undefined && { aspectRatio: ratio }),
      ...(resolution !== undefined && { resolution }),
      ...(seed !== undefined && { seed }),
      ...(negativePrompt !== undefined && { negativePrompt }),
    },
  };
}

/** The aspect ratio: `16:9` for 1280 and 720. */
function ratioOf(width: number, height: number): string {
  const divisor = greatestCommonDivisor(width, height);
  return `${width / divisor}:${height / divisor}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
