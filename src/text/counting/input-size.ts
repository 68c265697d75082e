import { isJsonObject, type JsonValue } from '../../base/json.js';
import { isAttachment, OUTPUT_FOLLOWS, outputOf, writeCall } from '../chat-wire/write-message.js';
import { writeFormat, writeTool, writeToolChoice } from '../chat-wire/write-tools.js';
import type { Prompt, PromptMessage, ReasoningPart, ToolCallPart, ToolMessage } from '../prompt.js';

export interface InputSize {
  /** UTF-8 bytes: no tokenizer makes more than one token of one byte, so this bounds the tokens from above. */
  readonly textBytes: number;
  readonly images: number;
  readonly audios: number;
  readonly files: number;
}

/** Tokens of one image, sound or file. */
export interface PartTokens {
  readonly image: number;
  readonly audio: number;
  readonly file: number;
}

/** For the role and the marks that chat templates put around each message; the known ones use 3 to 7 tokens. */
const BYTES_PER_MESSAGE = 8;
/** For the marks that begin the answer, and a template's own line or two. */
const BYTES_PER_REQUEST = 16;

/** An upper bound of the input as written on the chat wire, the longest of all wires. Linear in its length. */
export function measureInput(prompt: Prompt): InputSize {
  const size = { textBytes: BYTES_PER_REQUEST, images: 0, audios: 0, files: 0 };
  for (const message of prompt.messages) {
    size.textBytes += BYTES_PER_MESSAGE;
    if (message.role === 'tool' && message.parts.some(isAttachment)) size.textBytes += BYTES_PER_MESSAGE;
    for (const { type } of message.parts) {
      if (type === 'image') size.images += 1;
      else if (type === 'audio') size.audios += 1;
      else if (type === 'file') size.files += 1;
    }
  }
  visitInputText(prompt, (text) => {
    size.textBytes += Buffer.byteLength(text);
  });
  return size;
}

/** Tokens of the parts that are not text. */
export function tokensOfParts(
  { images, audios, files }: InputSize,
  { image, audio, file }: PartTokens,
): number {
  return images * image + audios * audio + files * file;
}

/** The pieces of text that the model reads, for counting their tokens. */
export function inputText(prompt: Prompt): string[] {
  const pieces: string[] = [];
  visitInputText(prompt, (text) => pieces.push(text));
  return pieces;
}

/** The same without the words of the wire: the names of fields, and the kinds of things. */
export function writtenText(prompt: Prompt): string[] {
  const pieces: string[] = [];
  const ofTheWire = (): void => undefined;
  visitInputText(prompt, (text) => pieces.push(text), ofTheWire);
  return pieces;
}

type Visit = (text: string) => void;

function visitInputText(prompt: Prompt, visit: Visit, visitWire = visit): void {
  const { messages, tools, hosted, toolChoice, format, extraTexts = [] } = prompt;
  for (const message of messages) visitMessage(message, visit, visitWire);
  if (tools.length > 0) visit(JSON.stringify(tools.map(writeTool)));
  if (hosted) visit(JSON.stringify(hosted.tools));
  if (toolChoice) visit(JSON.stringify(writeToolChoice(toolChoice)));
  if (format) visit(JSON.stringify(writeFormat(format)));
  extraTexts.forEach(visit);
}

/** Images, audio and files count by the piece; only the name of a file counts as text. */
function visitMessage(message: PromptMessage, visit: Visit, visitWire: Visit): void {
  const { name, extra } = message;
  if (name !== undefined) visit(name);
  if (message.role === 'tool') visitOutput(message, visit);
  for (const key in extra) visitStrings(extra[key], visit, visitWire);
  for (const part of message.parts) {
    if (part.type === 'tool_call') visitStrings(callOf(part), visit, visitWire);
    else if (part.type === 'file') visit(part.filename ?? '');
    else if (part.type === 'reasoning') visitReasoning(part, visit);
    else if (part.type === 'search') visitStrings(part.item, visit, visitWire);
    else if ('text' in part) visit(part.text);
  }
}

/** Encrypted reasoning is read as what it stands for, which is shorter than its own text. */
function visitReasoning({ text, signature }: ReasoningPart, visit: Visit): void {
  visit(text);
  if (signature !== undefined) visit(signature);
}

function callOf(part: ToolCallPart): JsonValue | undefined {
  const call = writeCall(part);
  return part.id === undefined ? call.function : call;
}

function visitOutput({ callId, parts }: ToolMessage, visit: Visit): void {
  if (callId !== undefined) visit(callId);
  if (!parts.some(isAttachment)) return;
  visit(outputOf(callId));
  if (parts.every(isAttachment)) visit(OUTPUT_FOLLOWS);
}

/** Every string below a value, names of fields included: a model also reads fields that only a newer upstream knows. */
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
