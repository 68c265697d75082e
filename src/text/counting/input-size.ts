import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

export interface InputSize {
  /** UTF-8 bytes: no tokenizer makes more than one token of one byte, so this bounds the tokens from above. */
  readonly textBytes: number;
  readonly images: number;
  readonly audios: number;
  readonly files: number;
}

/** For the role and the marks that chat templates put around each message; the known ones use 3 to 7 tokens. */
const BYTES_PER_MESSAGE = 8;
/** For the marks that begin the answer, and a template's own line or two. */
const BYTES_PER_REQUEST = 16;

/** Fields beside the messages that reach the model as text. */
const TEXT_FIELDS = ['tools', 'functions', 'tool_choice', 'response_format', 'prediction'] as const;

/** An upper bound of the input of a chat-completions body that was checked for shape. Linear in its length. */
export function measureInput(body: JsonObject): InputSize {
  const size = { textBytes: BYTES_PER_REQUEST, images: 0, audios: 0, files: 0 };
  for (const message of messagesOf(body)) {
    size.textBytes += BYTES_PER_MESSAGE;
    for (const part of partsOf(message)) {
      if (part['type'] === 'image_url') size.images += 1;
      else if (part['type'] === 'input_audio') size.audios += 1;
      else if (part['type'] === 'file') size.files += 1;
    }
  }
  visitInputText(body, (text) => {
    size.textBytes += Buffer.byteLength(text);
  });
  return size;
}

/** The pieces of text that the model reads, for counting their tokens. */
export function inputText(body: JsonObject): string[] {
  const pieces: string[] = [];
  visitInputText(body, (text) => pieces.push(text));
  return pieces;
}

/** The same without what belongs to the wire: the names of fields, and the kinds of things. */
export function writtenText(body: JsonObject): string[] {
  const pieces: string[] = [];
  const ofTheWire = (): void => undefined;
  visitInputText(body, (text) => pieces.push(text), ofTheWire);
  return pieces;
}

type Visit = (text: string) => void;

function visitInputText(body: JsonObject, visit: Visit, visitWire = visit): void {
  for (const message of messagesOf(body)) {
    for (const key in message) {
      if (key !== 'role' && key !== 'content') visitStrings(message[key], visit, visitWire);
    }
    if (typeof message['content'] === 'string') visit(message['content']);
    for (const part of partsOf(message)) visitPart(part, visit);
  }
  for (const field of TEXT_FIELDS) {
    const value = body[field];
    if (value !== undefined && value !== null) visit(JSON.stringify(value));
  }
}

/** Images, audio and files count by the piece; of theirs only a file's name is text. */
function visitPart(part: JsonObject, visit: (text: string) => void): void {
  const file = part['type'] === 'file' ? part['file'] : undefined;
  const name = isJsonObject(file) ? file['filename'] : undefined;
  for (const text of [part['text'], part['refusal'], name]) {
    if (typeof text === 'string') visit(text);
  }
}

/** Every string below a value, names of fields included: also what only a newer upstream knows is read by a model. */
function visitStrings(value: JsonValue | undefined, visit: Visit, visitWire: Visit): void {
  if (typeof value === 'string') visit(value);
  else if (typeof value === 'number') visit(String(value));
  else if (Array.isArray(value)) value.forEach((item: JsonValue) => visitStrings(item, visit, visitWire));
  else if (isJsonObject(value)) {
    for (const key in value) {
      visitWire(key);
      visitStrings(value[key], key === 'type' ? visitWire : visit, visitWire);
    }
  }
}

function messagesOf(body: JsonObject): readonly JsonObject[] {
  const messages = body['messages'];
  return Array.isArray(messages) ? (messages as readonly JsonObject[]) : [];
}

function partsOf(message: JsonObject): readonly JsonObject[] {
  const content = message['content'];
  return Array.isArray(content) ? (content as readonly JsonObject[]) : [];
}
