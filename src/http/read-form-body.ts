import type { IncomingMessage } from 'node:http';
import busboy from 'busboy';
import { GatewayError } from '../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import { parseJsonBody } from './parse-json-body.js';
import { readBody, type BodyLimits } from './read-json-body.js';

/** A body that was sent as JSON or as a form. */
export interface FormBody {
  /** `outer[inner]` is the field `inner` of the object `outer`. */
  readonly fields: JsonObject;
  readonly files: ReadonlyMap<string, Buffer>;
}

const MOST_PARTS = 64;
/** UTF-8 bytes of a prompt of the greatest length in characters. */
const MOST_FIELD_BYTES = 131_072;
const NESTED = /^([A-Za-z0-9_-]{1,64})\[([A-Za-z0-9_-]{1,64})\]$/;

/**
 * Reads a form if the Content-Type names one, else a JSON object.
 * @throws GatewayError as `readJsonBody`; and 400 for a malformed form
 */
export async function readFormBody(
  request: IncomingMessage,
  limits: BodyLimits,
  signal?: AbortSignal,
): Promise<FormBody> {
  const contentType = request.headers['content-type'] ?? '';
  const bytes = await readBody(request, limits, signal);
  return /^multipart\/form-data\b/i.test(contentType)
    ? parseForm(bytes, contentType)
    : { fields: parseJsonBody(bytes, (values) => limits.share?.growByValues(values)), files: new Map() };
}

function parseForm(bytes: Buffer, contentType: string): Promise<FormBody> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, JsonValue>();
    const files = new Map<string, Buffer>();
    const refuse = (): void => reject(malformed());
    let form;
    try {
      form = busboy({
        headers: { 'content-type': contentType },
        limits: { parts: MOST_PARTS, fieldSize: MOST_FIELD_BYTES },
        defParamCharset: 'utf8',
      });
    } catch {
      return refuse();
    }
    form.on('field', (name, value, { nameTruncated, valueTruncated }) => {
      if (nameTruncated || valueTruncated) refuse();
      else addField(fields, name, value);
    });
    form.on('file', (name, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', refuse);
      stream.on('end', () => files.set(name, Buffer.concat(chunks)));
    });
    form.on('partsLimit', refuse).on('error', refuse);
    form.on('close', () => resolve({ fields: Object.fromEntries(fields), files }));
    form.end(bytes);
  });
}

function addField(fields: Map<string, JsonValue>, name: string, value: string): void {
  const [, outer, inner] = NESTED.exec(name) ?? [];
  if (outer === undefined || inner === undefined) fields.set(name, value);
  else {
    const known = fields.get(outer);
    fields.set(outer, { ...(isJsonObject(known) ? known : {}), [inner]: value });
  }
}

function malformed(): GatewayError {
  return new GatewayError('invalid_value', 'The request body is not a form of at most 64 parts.');
}
