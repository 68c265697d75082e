import type { ContentPart, PromptMessage, TextPart, ToolMessage } from '../../text/prompt.js';
import { audioPart, type FetchedImages, filePart, imagePart } from './media.js';
import { type MadeCall, ModelParts, type ModelContext } from './model-parts.js';
import { NO_SIGNATURE } from '../text/gemini-signatures.js';
import type { Content, Part } from './wire.js';

export interface ContentContext extends ModelContext {
  readonly images: FetchedImages;
  /** Whether the first call of each step of the current turn must have a signature. */
  readonly demandsSignatures: boolean;
}

export interface ConvertedContents {
  readonly contents: readonly Content[];
  readonly system: readonly Part[];
}

/** Replaces the text of an output that has none. */
const OUTPUT_FOLLOWS = 'The output follows.';

/** Stands before a call that a conversation begins with. */
const BEGINNING = '(The beginning of the conversation was left out.)';

/** A step of the assistant whose calls have no outputs yet. */
interface Step {
  readonly calls: readonly MadeCall[];
  /** Calls without an output, the first one last, by what outputs name them by. */
  readonly open: ReadonlyMap<string, MadeCall[]>;
  readonly outputs: Map<MadeCall, readonly Part[]>;
  /** Outputs that belong to none of the calls. */
  readonly others: Part[];
}

/**
 * The conversation as contents: neighbours of one role are joined, but outputs stay alone, as many as calls, in one
 * content. Instructions at the beginning are the system's; later ones are what the user says at that place.
 *
 * @throws GatewayError 400 for an image, a sound or a file that cannot be sent
 */
export function convertContents(
  messages: readonly PromptMessage[],
  context: ContentContext,
): ConvertedContents {
  const conversation = new Conversation(context);
  messages.forEach((message, index) => conversation.add(message, index));
  return conversation.end();
}

class Conversation {
  private readonly system: Part[] = [];
  private readonly contents: { role: 'user' | 'model'; parts: Part[]; isOutput: boolean }[] = [];
  private step: Step | undefined;

  constructor(private readonly context: ContentContext) {}

  add(message: PromptMessage, index: number): void {
    if (message.role === 'tool') return this.addOutput(message, index);
    this.endStep();
    switch (message.role) {
      case 'user':
        return this.say('user', this.partsOf(message.parts, index));
      case 'assistant': {
        const { parts, calls } = new ModelParts(message.parts, this.context);
        this.say('model', parts);
        if (calls.length > 0) this.step = stepOf(calls);
        return;
      }
      default: {
        const texts = textParts(message.parts);
        if (this.contents.length === 0) this.system.push(...texts);
        else this.say('user', texts);
      }
    }
  }

  end(): ConvertedContents {
    this.endStep();
    // Nothing but instructions is refused.
    if (this.contents.length === 0) this.say('user', this.system.splice(0));
    // A call has to follow something that the user says, which may have been cut off.
    const [first] = this.contents;
    if (first?.role === 'model' && first.parts.some(isCall))
      this.contents.unshift({ role: 'user', parts: [{ text: BEGINNING }], isOutput: false });
    const contents = this.contents.map(({ role, parts }) => ({ role, parts }));
    return {
      contents: this.context.demandsSignatures ? withDemandedSignatures(contents) : contents,
      system: this.system,
    };
  }

  private say(role: 'user' | 'model', parts: readonly Part[], isOutput = false): void {
    if (parts.length === 0) return;
    const last = this.contents.at(-1);
    if (last?.role === role && last.isOutput === isOutput) for (const part of parts) last.parts.push(part);
    else this.contents.push({ role, parts: [...parts], isOutput });
  }

  private addOutput(message: ToolMessage, index: number): void {
    const { step } = this;
    const call = step?.open.get(nameOf(message.callId, message.name))?.pop();
    const parts = this.partsOf(message.parts, index);
    if (step && call) {
      step.outputs.set(call, [response(call, parts), ...parts.filter(({ text }) => text === undefined)]);
      return;
    }
    const unasked = [{ text: `Output of ${message.name ?? 'a tool'}:` }, ...parts];
    if (step) step.others.push(...unasked);
    else this.say('user', unasked);
  }

  /** A call whose output is missing gets an empty one, since the numbers have to agree. */
  private endStep(): void {
    const { step } = this;
    this.step = undefined;
    if (!step) return;
    const outputs = step.calls.flatMap((call) => step.outputs.get(call) ?? [response(call, [])]);
    this.say('user', outputs, true);
    this.say('user', step.others);
  }

  private partsOf(parts: readonly ContentPart[], index: number): readonly Part[] {
    return parts.flatMap((part, position) => {
      const param = `messages[${index}].content[${position}]`;
      switch (part.type) {
        case 'text':
          return textParts([part]);
        case 'image':
          return [imagePart(part, param, this.context.images)];
        case 'audio':
          return [audioPart(part, param)];
        case 'file':
          return [filePart(part, param)];
      }
    });
  }
}

function isCall({ functionCall }: Part): boolean {
  return functionCall !== undefined;
}

/** Some versions refuse an empty text. */
function textParts(parts: readonly TextPart[]): readonly Part[] {
  return parts.flatMap(({ text }) => (text === '' ? [] : [{ text }]));
}

function stepOf(calls: readonly MadeCall[]): Step {
  const open = new Map<string, MadeCall[]>();
  for (const call of calls.toReversed()) {
    const key = nameOf(call.callId, call.name);
    const same = open.get(key);
    if (same) same.push(call);
    else open.set(key, [call]);
  }
  return { calls, open, outputs: new Map(), others: [] };
}

/** Calls of the older form have no ids; their outputs name the function. */
function nameOf(callId: string | undefined, name = ''): string {
  return callId === undefined ? `function ${name}` : `id ${callId}`;
}

function response({ sent }: MadeCall, parts: readonly Part[]): Part {
  const text = parts.flatMap((part) => part.text ?? []).join('\n');
  const output = text === '' && parts.length > 0 ? OUTPUT_FOLLOWS : text;
  return { functionResponse: { ...sent, response: { output } } };
}

/**
 * The current turn begins behind the last text of the user. Each of its steps needs a signature at its first call;
 * one that another model made is excused. Everything else stays as it is.
 */
function withDemandedSignatures(contents: readonly Content[]): readonly Content[] {
  const begun = contents.findLastIndex(
    ({ role, parts }) => role === 'user' && parts.some(({ text }) => text !== undefined),
  );
  return contents.map((content, index) => {
    if (index < begun || content.role === 'user') return content;
    const first = content.parts.findIndex(isCall);
    if (first < 0 || content.parts[first]?.thoughtSignature !== undefined) return content;
    const parts = [...content.parts];
    parts[first] = { ...parts[first], thoughtSignature: NO_SIGNATURE };
    return { ...content, parts };
  });
}
