import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

interface Source {
  readonly url: string;
  readonly title: string;
}

/** A cited part of the answer, in bytes of its UTF-8. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly source: Source;
}

/** Annotations as on the chat wire; they count UTF-16 units of the answer's text. Work grows with the input alone. */
export function convertGrounding(metadata: JsonObject, text: string): readonly JsonObject[] {
  const sources = objectsIn(metadata['groundingChunks']).map(sourceOf);
  const segments = objectsIn(metadata['groundingSupports']).flatMap((support) =>
    segmentsOf(support, sources),
  );
  const unitAt = units(text, new Set(segments.flatMap(({ start, end }) => [start, end])));
  const isCited = new Set(segments.map(({ source }) => source));
  const whole = sources.filter((source): source is Source => source !== undefined && !isCited.has(source));
  return [
    ...segments.map(({ start, end, source }) =>
      annotation(source, unitAt.get(start) ?? text.length, unitAt.get(end) ?? text.length),
    ),
    // What was read and is cited nowhere belongs to the answer as a whole.
    ...whole.map((source) => annotation(source, 0, text.length)),
  ];
}

function annotation({ url, title }: Source, start: number, end: number): JsonObject {
  return { type: 'url_citation', url_citation: { start_index: start, end_index: end, url, title } };
}

function sourceOf({ web }: JsonObject): Source | undefined {
  if (!isJsonObject(web) || typeof web['uri'] !== 'string') return undefined;
  const { uri: url, title } = web;
  return { url, title: typeof title === 'string' ? title : url };
}

function segmentsOf(
  { segment, groundingChunkIndices: indices }: JsonObject,
  sources: readonly (Source | undefined)[],
): readonly Segment[] {
  if (!isJsonObject(segment) || !Array.isArray(indices)) return [];
  // Without a start the segment begins with the text: this wire leaves out zeros.
  const { startIndex: start = 0, endIndex: end } = segment;
  if (!isOffset(start) || !isOffset(end) || end < start) return [];
  return (indices as readonly JsonValue[]).flatMap((index) => {
    const source = typeof index === 'number' ? sources[index] : undefined;
    return source ? [{ start, end, source }] : [];
  });
}

/** The UTF-16 position of each of these byte offsets that is in the text, in one pass. */
function units(text: string, offsets: ReadonlySet<number>): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  let bytes = 0;
  let unit = 0;
  if (offsets.size === 0) return found;
  for (const character of text) {
    if (offsets.has(bytes)) found.set(bytes, unit);
    bytes += Buffer.byteLength(character);
    unit += character.length;
  }
  return found.set(bytes, unit);
}

function isOffset(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}
