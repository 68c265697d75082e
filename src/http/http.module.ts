import { Module, type DynamicModule } from '@nestjs/common';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { KeyCheck } from './key-check.js';
import { MAX_BODY_BYTES } from './max-body-bytes.js';

/** What every controller of user content needs. */
@Module({})
export class HttpModule {
  static forRoot(options: { readonly maxBodyBytes: number }): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      providers: [
        { provide: MAX_BODY_BYTES, useValue: options.maxBodyBytes },
        { provide: KeyCheck, useExisting: KeyAuthenticator },
      ],
      exports: [MAX_BODY_BYTES, KeyCheck],
    };
  }
}
