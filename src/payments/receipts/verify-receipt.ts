import { createPublicKey, verify } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { canonicalJson } from '../../base/money/canonical-json.js';

/** Either the signed receipt, which equals the shown one field by field, or why it cannot be trusted. */
export type Verdict = { readonly receipt: JsonObject } | { readonly problem: string };

/**
 * Whether one of `keys` (those of a JSON Web Key Set) signed exactly this receipt. Needs no gateway and no network.
 *
 * 1. `signature` is a compact JWS (RFC 7515): `<head>.<payload>.<signature>`, each of them base64url.
 * 2. The head says `EdDSA` and names the key, which has to be an Ed25519 key of the set.
 * 3. The signature is that key's, over `<head>.<payload>`.
 * 4. The payload is the receipt that is shown: all of it but `signature`, with camelCase names, in canonical JSON
 *    (RFC 8785). Without this step anybody could put the signature of one receipt under another.
 *
 * @param shown a receipt with camelCase names, as in events and headers, or with snake_case names, as in bodies.
 */
export function verifyReceipt(shown: JsonObject, keys: readonly unknown[]): Verdict {
  const { signature, ...fields } = shown;
  if (typeof signature !== 'string') return { problem: 'the receipt has no signature' };
  const [head, payload, proof, ...more] = signature.split('.').map(decode);
  if (!head || !payload || !proof || more.length > 0)
    return { problem: 'the signature is not a compact JWS' };

  const { alg, kid, crit } = parseObject(head) ?? {};
  if (alg !== 'EdDSA' || crit !== undefined) {
    return { problem: 'the signature is of another kind than EdDSA' };
  }
  const key = keys.map(publicKeyOf).find((known) => known?.kid === kid);
  if (!key) return { problem: `the signature’s key ${JSON.stringify(kid)} is not in the key set` };

  const signed = Buffer.from(signature.slice(0, signature.lastIndexOf('.')));
  if (!verify(null, signed, key.key, proof)) return { problem: 'the signature is wrong' };

  const receipt = parseObject(payload);
  if (receipt && canonicalJson(withCamelCaseNames(fields)) === payload.toString()) return { receipt };
  return { problem: 'the signature is genuine, but of a receipt that says something else' };
}

/** Undefined for anything but the canonical base64url form of some bytes. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function parseObject(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a key of another kind, which cannot be a gateway's. */
function publicKeyOf(jwk: unknown) {
  if (!isJsonObject(jwk) || jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') return undefined;
  const { kid, x } = jwk;
  if (typeof kid !== 'string' || typeof x !== 'string') return undefined;
  try {
    return { kid, key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }) };
  } catch {
    return undefined;
  }
}

/** An object with two names that become the same stays as it is, and so equals nothing that was signed. */
function withCamelCaseNames(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((element: JsonValue) => withCamelCaseNames(element) ?? null);
  if (!isJsonObject(value)) return value;
  const renamed = Object.fromEntries(
    Object.entries(value).map(([name, field]) => [camelCase(name), withCamelCaseNames(field)]),
  );
  return Object.keys(renamed).length === Object.keys(value).length ? renamed : value;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
