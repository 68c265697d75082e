import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';
import { markedExtra } from '../../text/cache-mark.js';
import type { ContentPart, TextPart, ToolCallPart } from '../../text/prompt.js';
import { blocksOf } from '../request/turns.js';
import { unsupported } from '../request/refuse-unsupported.js';

/**
 * The parts of one block of the user, or of a tool's result; none for a block that other wires have no place for.
 * A document behind an address has none, see `remoteDocument`.
 */
export function readBlock(block: JsonObject): readonly ContentPart[] {
  return withMark(partsOf(block), block);
}

/** The parts of a block with its mark of the prompt cache, which stands at their end. */
export function withMark<Part extends ContentPart | ToolCallPart>(
  parts: readonly Part[],
  block: JsonObject,
): readonly Part[] {
  const mark = markedExtra(block);
  const last = parts.at(-1);
  return mark.extra && last ? [...parts.slice(0, -1), { ...last, ...mark }] : parts;
}

function partsOf(block: JsonObject): readonly ContentPart[] {
  switch (block['type']) {
    case 'text':
      return textPart(textIn(block['text']));
    case 'image':
      return imagePart(objectIn(block['source']));
    case 'document':
      return documentParts(block);
    case 'search_result':
      return textPart(searchResult(block));
    case 'tool_reference':
      return textPart(`The tool ${textIn(block['tool_name']) ?? ''} is available from now on.`);
    default:
      return [];
  }
}

/** Services refuse empty texts. */
export function textPart(text: string | undefined): readonly TextPart[] {
  return text === undefined || text === '' ? [] : [{ type: 'text', text }];
}

function imagePart(source: JsonObject): readonly ContentPart[] {
  const url = textIn(source['url']) ?? dataUrl(source);
  return url === undefined ? [] : [{ type: 'image', url }];
}

function dataUrl(source: JsonObject): string | undefined {
  const { media_type: mediaType, data } = source;
  return typeof mediaType === 'string' && typeof data === 'string'
    ? `data:${mediaType};base64,${data}`
    : undefined;
}

function documentParts(block: JsonObject): readonly ContentPart[] {
  const source = objectIn(block['source']);
  const title = textIn(block['title']);
  const heading = [title, textIn(block['context'])].filter((line) => line !== undefined).join('\n');
  switch (source['type']) {
    case 'base64':
      return [
        ...textPart(textIn(block['context'])),
        { type: 'file', filename: title ?? 'document.pdf', data: dataUrl(source) },
      ];
    case 'text':
      return [...textPart(heading), ...textPart(textIn(source['data']))];
    case 'content':
      return [...textPart(heading), ...blocksOf(source['content']).flatMap((inner) => readBlock(inner))];
    default:
      return [];
  }
}

/** The refusal of a document behind an address, which only Anthropic reads; undefined where there is none. */
export function remoteDocument(body: JsonObject): GatewayError | undefined {
  for (const [index, { content }] of objectsIn(body['messages']).entries()) {
    const blocks = objectsIn(content).flatMap((block) => [block, ...objectsIn(block['content'])]);
    if (blocks.some(isRemote))
      return unsupported(
        `messages[${index}].content`,
        'This model reads no documents behind addresses; send the document itself.',
      );
  }
  return undefined;
}

function isRemote({ type, source }: JsonObject): boolean {
  return type === 'document' && objectIn(source)['type'] === 'url';
}

function searchResult({ title, source, content }: JsonObject): string {
  const texts = objectsIn(content).map(({ text }) => textIn(text));
  return [textIn(title), textIn(source), ...texts].filter((line) => line !== undefined).join('\n');
}
