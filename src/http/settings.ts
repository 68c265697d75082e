import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';

/** Configuration of request bodies. */
@Injectable()
export class BodySettings {
  /** Largest body of a route that takes user content, bytes. */
  readonly maxBytes: number;
  /** Bytes of request bodies that may be held at the same time. */
  readonly intake: { readonly perProcess: number; readonly perKey: number };

  constructor(config: ConfigService<Config, true>) {
    this.maxBytes = config.get('maxBodyBytes', { infer: true });
    this.intake = config.get('intake', { infer: true });
  }
}
