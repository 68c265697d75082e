import { Controller, Get, Header } from '@nestjs/common';
import { ReceiptKeys } from '../payments/receipts/receipt-keys.js';

/** The public keys of all replicas, past and present, as a JSON Web Key Set (RFC 7517); no authentication. */
@Controller('.well-known')
export class KeySetController {
  constructor(private readonly keys: ReceiptKeys) {}

  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=300')
  async find(): Promise<object> {
    const keys = await this.keys.all();
    return {
      keys: keys.map(({ kid, x }) => ({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid, x })),
    };
  }
}
