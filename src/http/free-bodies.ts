import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../base/json.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import type { KeyRecord } from '../payments/keys/key-store.js';
import type { Caller } from './caller.js';
import { Intake } from './intake.js';
import { readJsonBody } from './read-json-body.js';
import { BodySettings } from './settings.js';

export interface FreeBody {
  readonly key: KeyRecord;
  readonly body: JsonObject;
}

export interface BodyForm {
  /** A request without a body counts as one with an empty object. */
  readonly mayBeEmpty?: boolean;
  /** In place of the key's own limits. @throws GatewayError 429 */
  readonly admit?: (key: KeyRecord) => void;
}

/** Reads bodies of requests that cost nothing. It looks the key up before it reads anything. */
@Injectable()
export class FreeBodies {
  constructor(
    private readonly keys: KeyAuthenticator,
    private readonly intake: Intake,
    private readonly settings: BodySettings,
  ) {}

  /**
   * @throws GatewayError 401, then 429, then any error of the body
   * @throws ClientLeft when the upload breaks off
   */
  async receive(caller: Caller, request: IncomingMessage, form?: BodyForm): Promise<FreeBody> {
    const { payer } = caller;
    const others = this.intake.uploadsOf(payer);
    const share = this.intake.share(payer);
    try {
      return await this.intake.during(payer, async () => {
        const key = await this.admitted(caller, others, form?.admit);
        if (form?.mayBeEmpty && !hasBody(request)) return { key, body: {} };
        return { key, body: await readJsonBody(request, { maxBytes: this.settings.maxBytes, share }) };
      });
    } finally {
      share.release();
    }
  }

  private async admitted(caller: Caller, others: number, admit: BodyForm['admit']): Promise<KeyRecord> {
    if (!admit) return this.keys.authenticate(caller, { others, paid: false });
    caller.rate.counted = true;
    const key = await this.keys.authenticate(caller);
    admit(key);
    return key;
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
