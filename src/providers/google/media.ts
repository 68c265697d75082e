import { GatewayError } from '../../base/errors/gateway-error.js';
import type { AudioPart, FilePart, ImagePart } from '../../text/prompt.js';
import type { InlineData, Part } from './wire.js';

/** Images behind web addresses, by their address. */
export type FetchedImages = ReadonlyMap<string, InlineData>;

const DATA_URL = /^data:([^,;]*)((?:;[^,;]*)*),/i;
/** One class of characters, so that a long text costs one pass whatever is in it. */
const BASE64 = /^[A-Za-z0-9+/_=\s-]*$/;
const MAX_HEAD = 1_024;

/** Whether the address of an image has to be fetched. */
export function isAddress(url: string): boolean {
  return !/^data:/i.test(url);
}

/** @param param the field, for the error. @throws GatewayError 400 invalid_value */
export function imagePart({ url }: ImagePart, param: string, images: FetchedImages): Part {
  const inlineData = isAddress(url) ? images.get(url) : dataOf(url);
  if (!inlineData) throw unreadable(`${param}.image_url.url`, 'a web address or a data URL with base64');
  return { inlineData };
}

/** @throws GatewayError 400 invalid_value */
export function audioPart({ data, format }: AudioPart, param: string): Part {
  if (!BASE64.test(data)) throw unreadable(`${param}.input_audio.data`, 'base64');
  return { inlineData: { mimeType: `audio/${format}`, data } };
}

/** @throws GatewayError 400 invalid_value */
export function filePart({ data }: FilePart, param: string): Part {
  const inlineData = data === undefined ? undefined : dataOf(data);
  if (!inlineData) throw unreadable(`${param}.file.file_data`, 'a data URL with base64');
  return { inlineData };
}

/** The contents of a data URL; undefined for anything else. The base64 stays as it is. */
function dataOf(url: string): InlineData | undefined {
  const found = DATA_URL.exec(url.slice(0, MAX_HEAD));
  if (!found) return undefined;
  const [head, mimeType = '', parameters = ''] = found;
  const data = url.slice(head.length);
  if (!/;base64$/i.test(parameters) || mimeType === '' || !BASE64.test(data)) return undefined;
  return { mimeType: mimeType.toLowerCase(), data };
}

function unreadable(param: string, expected: string): GatewayError {
  return new GatewayError('invalid_value', `\`${param}\` must be ${expected}.`, { param });
}
