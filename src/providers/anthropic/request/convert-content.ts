import type {
  Base64ImageSource,
  DocumentBlockParam,
  ImageBlockParam,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { cacheMark, type CacheMark } from '../../../text/cache-mark.js';
import type { ContentPart, FilePart, ImagePart } from '../../../text/prompt.js';
import { parseDataUrl } from './data-url.js';

export type ContentBlock = TextBlockParam | ImageBlockParam | DocumentBlockParam;

const PDF = 'application/pdf';

/** Undefined for a part that says nothing: empty text blocks are refused. Sounds are refused before this. */
export function convertPart(part: ContentPart): ContentBlock | undefined {
  switch (part.type) {
    case 'text':
      return textBlock(part.text, cacheMark(part.extra));
    case 'image':
      return imageBlock(part);
    case 'file':
      return fileBlock(part);
    case 'audio':
      return undefined;
  }
}

export function convertParts(parts: readonly ContentPart[]): readonly ContentBlock[] {
  return parts.map(convertPart).filter((block) => block !== undefined);
}

/** Undefined for blank text. */
export function textBlock(text: string, mark: CacheMark = {}): TextBlockParam | undefined {
  return isBlank(text) ? undefined : { type: 'text', text, ...mark };
}

export function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

function imageBlock({ url, extra }: ImagePart): ImageBlockParam {
  const data = parseDataUrl(url);
  const mark = cacheMark(extra);
  if (!data) return { type: 'image', source: { type: 'url', url }, ...mark };
  const { mediaType, base64 } = data;
  return {
    type: 'image',
    source: { type: 'base64', media_type: imageType(mediaType), data: base64 },
    ...mark,
  };
}

/** A kind that the service does not know is its own matter: it may know more than its types say. */
function imageType(mediaType: string): Base64ImageSource['media_type'] {
  return (mediaType === 'image/jpg' ? 'image/jpeg' : mediaType) as Base64ImageSource['media_type'];
}

/** Whether a file is of a kind that the wire carries. */
export function isCarried({ data }: FilePart): boolean {
  const { mediaType } = parseFile(data) ?? {};
  return mediaType !== undefined && (mediaType === PDF || isImage(mediaType) || isText(mediaType));
}

function fileBlock(part: FilePart): DocumentBlockParam | ImageBlockParam | undefined {
  const file = parseFile(part.data);
  if (!file) return undefined;
  if (isImage(file.mediaType)) return imageBlock({ type: 'image', url: part.data ?? '', extra: part.extra });
  const { mediaType, base64 } = file;
  const title = part.filename === undefined ? {} : { title: part.filename };
  const mark = cacheMark(part.extra);
  if (mediaType === PDF)
    return {
      type: 'document',
      source: { type: 'base64', media_type: PDF, data: base64 },
      ...title,
      ...mark,
    };
  const text = Buffer.from(base64, 'base64').toString('utf8');
  return isBlank(text)
    ? undefined
    : {
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: text },
        ...title,
        ...mark,
      };
}

/** Some clients send plain base64; a PDF begins with `%PDF-`. */
function parseFile(data = ''): ReturnType<typeof parseDataUrl> {
  if (data.startsWith('JVBERi0')) return { mediaType: PDF, base64: data };
  return parseDataUrl(data);
}

function isImage(mediaType: string): boolean {
  return mediaType.startsWith('image/');
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json';
}
