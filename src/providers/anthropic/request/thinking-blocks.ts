import type { RedactedThinkingBlockParam, ThinkingBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { ReasoningPart } from '../../../text/prompt.js';
import { ownSignature } from '../../../text/signature.js';
import type { RefusedSignatures } from '../../text/refused-signatures.js';
import type { Block } from '../messages-wire.js';
import { REDACTED, SIGNED } from '../signature-kind.js';

export interface ThinkingSource {
  /** Whose signatures the provider can open. */
  readonly scope: string;
  readonly refused: RefusedSignatures;
}

/** Makes the thinking blocks of a conversation, and remembers which signatures go up with it. */
export class ThinkingBlocks {
  readonly sent: string[] = [];

  constructor(private readonly source: ThinkingSource) {}

  /** The block as it came; undefined for reasoning of others, and for reasoning whose signature does not hold. */
  blockOf({ text, signature }: ReasoningPart): ThinkingBlockParam | RedactedThinkingBlockParam | undefined {
    if (signature === undefined) return undefined;
    const payload = ownSignature(this.source.scope, signature);
    const kind = payload?.[0];
    if (payload === undefined || (kind !== SIGNED && kind !== REDACTED)) return undefined;
    if (this.source.refused.has(signature)) return undefined;
    this.sent.push(signature);
    const own = payload.slice(1);
    return kind === SIGNED
      ? { type: 'thinking', thinking: text, signature: own }
      : { type: 'redacted_thinking', data: own };
  }
}

export function isThinking({ type }: Block): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}
