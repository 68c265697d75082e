import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { isJsonObject, type JsonObject } from '../../base/json.js';
import { verifyReceipt } from '../../payments/receipts/verify-receipt.js';
import { UsageError, type Command } from './command.js';

const FETCH_TIMEOUT_MS = 10_000;

/** Knows only how the gateway signs; `verifyReceipt` defines the checks. */
export const verify: Command = {
  usage: [
    '[RECEIPT] --keys KEYS',
    'Tells whether a receipt was signed by one of the keys, and shows what was signed.',
    'RECEIPT: a file, - for standard input (the default), or what X-Compose-Receipt holds. A whole answer will do.',
    'KEYS:    the key set, as a file or a URL, such as https://gateway.example/.well-known/jwks.json',
    'Status:  0 it is genuine, 1 it is not, 2 it could not be checked',
  ],
  async run(words) {
    const { place, keysAt } = understood(words);
    const [keys, receipt] = await Promise.all([keySet(keysAt), receiptAt(place)]);
    const verdict = receipt ? verifyReceipt(receipt, keys) : { problem: 'this is no receipt' };
    if ('problem' in verdict) {
      process.stdout.write(`not genuine: ${verdict.problem}\n`);
      return 1;
    }
    process.stdout.write(`genuine\n${JSON.stringify(verdict.receipt, null, 2)}\n`);
    return 0;
  },
};

function understood(words: readonly string[]): { readonly place: string; readonly keysAt: string } {
  try {
    const options = { keys: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    if (values.keys === undefined) throw new Error('--keys is missing');
    if (positionals.length > 1) throw new Error('one receipt at a time');
    return { place: positionals[0] ?? '-', keysAt: values.keys };
  } catch (failure) {
    throw new UsageError((failure as Error).message);
  }
}

async function keySet(place: string): Promise<readonly unknown[]> {
  const set = parsed(/^https?:/i.test(place) ? await download(place) : await readFile(place, 'utf8'));
  if (!isJsonObject(set) || !Array.isArray(set['keys'])) throw new Error(`${place} is no JSON Web Key Set`);
  return set['keys'] as readonly unknown[];
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.text();
  } catch (failure) {
    const { cause, message } = failure as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new Error(`${url} cannot be read: ${reason}`, { cause: failure });
  }
}

/** Undefined when the input has no receipt. */
async function receiptAt(place: string): Promise<JsonObject | undefined> {
  const given =
    fromHeader(place) ?? (place === '-' ? await text(process.stdin) : await readFile(place, 'utf8'));
  const value = parsed(given) ?? parsed(fromHeader(given.trim()) ?? '') ?? parsed(fromStream(given) ?? '');
  const receipt = isJsonObject(value) ? (value['compose_receipt'] ?? value) : undefined;
  return isJsonObject(receipt) ? receipt : undefined;
}

/** Base64url of a JSON object, as in the header. */
function fromHeader(given: string): string | undefined {
  return /^eyJ[\w-]+$/.test(given) ? Buffer.from(given, 'base64url').toString() : undefined;
}

/** JSON of the last event of a native stream. */
function fromStream(given: string): string | undefined {
  return /^event: compose\.receipt\r?\ndata: (.+)$/m.exec(given)?.[1];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
