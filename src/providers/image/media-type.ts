import type { VideoImage } from '../video/video-provider.js';

type MediaType = VideoImage['mediaType'];

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const RIFF = Buffer.from('RIFF');
const WEBP = Buffer.from('WEBP');

/** Media types of images; a few servers say `image/jpg`. */
const NAMES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/jpg', 'image/webp']);

/** The media type by the first bytes; undefined for anything but the three types. */
export function mediaTypeOf(bytes: Buffer): MediaType | undefined {
  if (startsWith(bytes, PNG)) return 'image/png';
  if (startsWith(bytes, JPEG)) return 'image/jpeg';
  if (startsWith(bytes, RIFF) && bytes.subarray(8, 12).equals(WEBP)) return 'image/webp';
  return undefined;
}

/** Whether a `Content-Type`, or the type of a data URL, names one of the three. */
export function isImageType(header: string): boolean {
  return NAMES.has(header.split(';', 1)[0]?.trim().toLowerCase() ?? '');
}

function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.subarray(0, beginning.length).equals(beginning);
}
