import type { VideoModel } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { VideoParameters } from './video-job.js';

/** The request's names for its fields. */
export interface FieldNames {
  readonly seconds: string;
  readonly image: string;
}

/**
 * The parameters as they are sent upstream. The model's first duration and size stand in for missing ones, and an
 * aspect ratio becomes the size that has it.
 * @throws GatewayError 400 with the allowed values, when the model does not support a parameter
 */
export function fitToModel(
  asked: VideoParameters & { readonly hasImage: boolean },
  model: VideoModel,
  names: FieldNames,
): VideoParameters {
  const { hasImage, ...parameters } = asked;
  if (hasImage && !model.inputKinds?.includes('image'))
    throw new GatewayError('unsupported_parameter', 'This model takes no image.', { param: names.image });
  const seconds = secondsFor(asked.seconds, model, names.seconds);
  const size = sizeFor(asked, model);
  return {
    ...parameters,
    ...(seconds !== undefined && { seconds }),
    ...(size !== undefined && { size }),
  };
}

function secondsFor(asked: number | undefined, { durations }: VideoModel, param: string): number | undefined {
  if (asked === undefined) return durations?.[0];
  if (durations && !durations.includes(asked)) throw notAllowed(param, durations);
  return asked;
}

function sizeFor({ size, aspectRatio }: VideoParameters, model: VideoModel): string | undefined {
  const { sizes, aspectRatios } = model;
  if (size !== undefined) {
    if (sizes && !sizes.includes(size)) throw notAllowed('size', sizes);
    if (aspectRatio !== undefined && !hasRatio(size, aspectRatio))
      throw new GatewayError('invalid_value', '`aspect_ratio` and `size` do not agree.', {
        param: 'aspect_ratio',
      });
    return size;
  }
  if (aspectRatio === undefined) return sizes?.[0];
  if (aspectRatios && !aspectRatios.includes(aspectRatio)) throw notAllowed('aspect_ratio', aspectRatios);
  const fitting = sizes?.find((candidate) => hasRatio(candidate, aspectRatio));
  if (sizes && !fitting && !aspectRatios) throw notAllowed('aspect_ratio', [...new Set(sizes.map(ratioOf))]);
  return fitting;
}

function hasRatio(size: string, ratio: string): boolean {
  const [width = 0, height = 0] = size.split('x').map(Number);
  const [across = 0, down = 0] = ratio.split(':').map(Number);
  return width * down === height * across;
}

function ratioOf(size: string): string {
  const [width = 0, height = 0] = size.split('x').map(Number);
  const divisor = greatestCommonDivisor(width, height);
  return `${width / divisor}:${height / divisor}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function notAllowed(param: string, allowed: readonly (string | number)[]): GatewayError {
  return new GatewayError(
    'invalid_value',
    `\`${param}\` must be one of ${allowed.join(', ')} for this model.`,
    {
      param,
    },
  );
}
