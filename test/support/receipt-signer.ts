import { generateKeyPairSync } from 'node:crypto';
import { ReceiptSigner } from '../../src/payments/receipts/receipt-signer.js';

/** Signs receipts of tests that have no gateway; `expectSoundBooks` knows its key. */
export const testSigner = new ReceiptSigner(generateKeyPairSync('ed25519').privateKey);
