import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { isCompaction, type OpenedCompaction } from '../domain/compacted.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import type { CompactionItem } from '../domain/item.js';
import { CompactionKeyStore } from './compaction-key-store.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import { seal, SEAL_KEY_BYTES, unseal } from './seal.js';
import type { Payer } from '../../payments/payer.js';

export interface CompactedContext {
  readonly history: readonly JsonObject[];
  readonly input: readonly JsonObject[];
  /** The field that named the history. */
  readonly continued: 'previous_response_id' | 'conversation';
}

/** Makes the item of a summary; a plan says what else the item stands for. */
export type WriteCompaction = (summary: string, plan?: CompactionPlan) => CompactionItem;
export type OpenedCompactions = ReadonlyMap<JsonObject, OpenedCompaction>;

/** Stands before the JSON of a compaction that is more than a summary: no text of a model begins like this. */
const WHOLE = '\0';

/** Makes and opens the items that stand for a conversation. Clients cannot read what is in them. */
@Injectable()
export class Compactions {
  constructor(private readonly keys: CompactionKeyStore) {}

  /** @throws Error when there is no such account */
  async writerOf(accountId: string): Promise<WriteCompaction> {
    return writer(await this.keys.keepOrFindOf(accountId, randomBytes(SEAL_KEY_BYTES)));
  }

  /**
   * Opens the compactions among these items.
   *
   * @throws GatewayError 400 for a compaction that another account or another gateway made, or that was changed
   */
  async open(payer: Payer, { history, input, continued }: CompactedContext): Promise<OpenedCompactions> {
    const opened = new Map<JsonObject, OpenedCompaction>();
    if (![...history, ...input].some(isCompaction)) return opened;
    const key = await this.keyOf(payer);
    const open = (item: JsonObject, param: string): void => {
      if (isCompaction(item)) opened.set(item, openOne(item, key, param));
    };
    history.forEach((item) => open(item, continued));
    input.forEach((item, index) => open(item, `input[${index}].encrypted_content`));
    return opened;
  }

  private async keyOf(payer: Payer): Promise<Buffer> {
    const key = await this.keys.keepOrFind(payer, randomBytes(SEAL_KEY_BYTES));
    if (!key) throw new GatewayError('invalid_api_key');
    return key;
  }
}

/** A summary as it is shown to the model. */
export function summaryText(summary: string): string {
  return `Summary of the conversation so far:\n\n${summary}`;
}

function writer(key: Buffer): WriteCompaction {
  return (said, plan) => {
    const summary = said.replaceAll(WHOLE, '');
    const content = plan?.answers ? WHOLE + JSON.stringify({ summary, tail: plan.tail }) : summary;
    return { type: 'compaction', id: plan?.itemId ?? newId('cmp'), encrypted_content: seal(content, key) };
  };
}

function openOne(item: JsonObject, key: Buffer, param: string): OpenedCompaction {
  const content = unseal(textIn(item['encrypted_content']) ?? '', key);
  if (content === undefined) {
    throw new GatewayError(
      'invalid_value',
      'This compaction was not made here for this account, or it was changed; it cannot be read.',
      { param },
    );
  }
  if (!content.startsWith(WHOLE)) return { items: [summaryMessage(content)], isWhole: false };
  const whole = JSON.parse(content.slice(WHOLE.length)) as JsonValue;
  const { summary, tail } = isJsonObject(whole) ? whole : {};
  return { items: [summaryMessage(textIn(summary) ?? ''), ...objectsIn(tail)], isWhole: true };
}

function summaryMessage(summary: string): JsonObject {
  return { type: 'message', role: 'user', content: summaryText(summary) };
}
