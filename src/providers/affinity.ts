import { createHash, type Hash } from 'node:crypto';
import type { ContentPart, Prompt, PromptMessage } from '../text/prompt.js';
import type { TextRequest } from './text/text-request.js';

/** Characters that are read of each section of the head; the rest counts by its length alone. */
const MAX_SECTION = 16_384;

/**
 * What the calls of one conversation have in common, so that they go where their prompt is cached: 64 hexadecimal
 * digits, made of the account and the client's `prompt_cache_key`, or else of the account and the head of the prompt
 * that does not change from turn to turn: instructions, tools and the first message of the user. A pure function, the
 * same in every process; its cost is bounded, but for the text of tools, which is read once.
 */
export function affinityOf({ account, prompt }: Pick<TextRequest, 'account' | 'prompt'>): string {
  const { promptCacheKey } = prompt.hints;
  const hash = createHash('sha256');
  if (promptCacheKey) return hash.update(`${account}\0${promptCacheKey}`).digest('hex');
  // No account has an empty name, so that no key of a client's leads here.
  hash.update(`\0${account}\0`);
  addHead(hash, prompt);
  return hash.digest('hex');
}

/** The same, made when it is first asked for: most models have one target with one key, and nothing to choose. */
export function lazyAffinityOf(request: Pick<TextRequest, 'account' | 'prompt'>): () => string {
  let affinity: string | undefined;
  return () => (affinity ??= affinityOf(request));
}

function addHead(hash: Hash, { messages, tools }: Prompt): void {
  const firstUser = messages.findIndex(({ role }) => role === 'user');
  const before = firstUser < 0 ? messages : messages.slice(0, firstUser);
  const instructions = new Section(hash);
  for (const message of before) if (isInstruction(message)) addParts(instructions, message.parts);
  instructions.end();
  const ofTools = new Section(hash);
  for (const tool of tools) {
    if (ofTools.isFull) break;
    ofTools.add(JSON.stringify(tool));
  }
  ofTools.end();
  const user = new Section(hash);
  addParts(user, messages[firstUser]?.parts ?? []);
  user.end();
}

function isInstruction({ role }: PromptMessage): boolean {
  return role === 'system' || role === 'developer';
}

function addParts(section: Section, parts: PromptMessage['parts']): void {
  for (const part of parts) {
    if (section.isFull) return;
    section.add(part.type);
    section.add(textOf(part as ContentPart));
  }
}

function textOf(part: ContentPart): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
      return part.url;
    case 'audio':
      return part.data;
    case 'file':
      return part.data ?? part.filename ?? '';
  }
}

/** A bounded part of what is hashed; it cannot run into the next one. */
class Section {
  private left = MAX_SECTION;

  constructor(private readonly hash: Hash) {}

  get isFull(): boolean {
    return this.left <= 0;
  }

  add(text: string): void {
    this.hash.update(`${text.length}:${text.slice(0, Math.max(0, this.left))}`);
    this.left -= text.length;
  }

  end(): void {
    this.hash.update('\0');
  }
}
