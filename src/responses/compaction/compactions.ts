import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../errors/gateway-error.js';
import { newId } from '../../ids.js';
import type { JsonObject } from '../../json.js';
import type { ReadCompaction } from '../bridge/convert-items.js';
import { textIn } from '../domain/fields.js';
import { CompactionKeyStore } from './compaction-key-store.js';
import { seal, SEAL_KEY_BYTES, unseal } from './seal.js';

const NOTHING: ReadCompaction = () => undefined;

export interface CompactedContext {
  readonly history: readonly JsonObject[];
  readonly input: readonly JsonObject[];
  /** The field that named the history. */
  readonly continued: 'previous_response_id' | 'conversation';
}

/** Makes the items that stand for a conversation, and reads them again. Clients cannot look into them. */
@Injectable()
export class Compactions {
  constructor(private readonly keys: CompactionKeyStore) {}

  /** @throws GatewayError 401 for a key that does not live. */
  async writerFor(keyHash: Buffer): Promise<(summary: string) => JsonObject> {
    const key = await this.keyOf(keyHash);
    return (summary) => ({ type: 'compaction', id: newId('cmp'), encrypted_content: seal(summary, key) });
  }

  /**
   * Opens the compactions among these items.
   *
   * @throws GatewayError 400 for one that another account or another gateway made, or that was changed
   */
  async readerFor(keyHash: Buffer, { history, input, continued }: CompactedContext): Promise<ReadCompaction> {
    if (![...history, ...input].some(isCompaction)) return NOTHING;
    const key = await this.keyOf(keyHash);
    const opened = new Map<JsonObject, string>();
    const open = (item: JsonObject, param: string): void => {
      if (isCompaction(item)) opened.set(item, openOne(item, key, param));
    };
    history.forEach((item) => open(item, continued));
    input.forEach((item, index) => open(item, `input[${index}].encrypted_content`));
    return (item) => opened.get(item);
  }

  private async keyOf(keyHash: Buffer): Promise<Buffer> {
    const key = await this.keys.keepOrFind(keyHash, randomBytes(SEAL_KEY_BYTES));
    if (!key) throw new GatewayError('invalid_api_key');
    return key;
  }
}

function isCompaction({ type }: JsonObject): boolean {
  return type === 'compaction';
}

function openOne(item: JsonObject, key: Buffer, param: string): string {
  const summary = unseal(textIn(item['encrypted_content']) ?? '', key);
  if (summary === undefined) {
    throw new GatewayError(
      'invalid_value',
      'This compaction was not made here for this account, or it was changed; it cannot be read.',
      { param },
    );
  }
  return `Summary of the conversation so far:\n\n${summary}`;
}
