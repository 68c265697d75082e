import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { malformed } from '../http/malformed.js';
import type { VideoFailure, VideoSnapshot } from '../video/video-provider.js';
import { failureOf, progressOf } from '../video/video-state.js';

const NAME = /^models\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}\/operations\/[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/;
/** The name of a file at the provider, alone or at the end of any address. */
const FILE = /(?:^|\/)files\/([A-Za-z0-9_-]{1,128})(?::download)?$/;

/** Codes of google.rpc for operations that failed. */
const FAILURES: ReadonlyMap<JsonValue | undefined, string> = new Map<JsonValue | undefined, string>([
  [1, 'cancelled'],
  [3, 'invalid_value'],
  [4, 'upstream_timeout'],
  [8, 'rate_limit_exceeded'],
]);

/** The operation that a submission began. @throws UpstreamFailure when it has no name to find it by. */
export function convertSubmitted(operation: JsonObject): VideoSnapshot {
  const { name } = operation;
  if (typeof name !== 'string' || !NAME.test(name)) throw malformed('an operation without a name');
  return operation.done === true ? ended(operation, name) : { upstreamId: name, state: 'queued' };
}

/** The current state of an operation. @throws UpstreamFailure for anything but this operation. */
export function convertOperation(operation: JsonObject, upstreamId: string): VideoSnapshot {
  if (operation.name !== upstreamId) throw malformed('another operation than the one that was asked for');
  if (operation.done === true) return ended(operation, upstreamId);
  const { metadata } = operation;
  const progress = isJsonObject(metadata) ? progressOf(metadata.progressPercent) : undefined;
  return { upstreamId, state: 'processing', progress };
}

function ended({ error, response }: JsonObject, upstreamId: string): VideoSnapshot {
  if (isJsonObject(error)) return failed(upstreamId, failureOf(FAILURES.get(error.code) ?? 'upstream_error'));
  const result = resultOf(response);
  const content = firstVideo(result);
  if (content) return { upstreamId, state: 'completed', progress: 100, content };
  return failed(upstreamId, failureOf(wasFiltered(result) ? 'content_filter' : 'upstream_error'));
}

function failed(upstreamId: string, error: VideoFailure): VideoSnapshot {
  return { upstreamId, state: 'failed', error };
}

/** The result is nested, beside a type; some servers leave this level out. */
function resultOf(response: JsonValue | undefined): JsonObject {
  if (!isJsonObject(response)) return {};
  const { generateVideoResponse: inner } = response;
  return isJsonObject(inner) ? inner : response;
}

/** The name of a file at the provider, or an address elsewhere. */
function firstVideo({ generatedSamples }: JsonObject): JsonObject | undefined {
  const [sample] = Array.isArray(generatedSamples) ? (generatedSamples as readonly JsonValue[]) : [];
  const video = isJsonObject(sample) ? sample.video : undefined;
  const uri = isJsonObject(video) ? video.uri : undefined;
  if (typeof uri !== 'string' || uri.length > 4_096) return undefined;
  const isAddress = URL.canParse(uri);
  const file = FILE.exec(isAddress ? new URL(uri).pathname : uri)?.[1];
  if (file !== undefined) return { file };
  return isAddress ? { uri } : undefined;
}

function wasFiltered({
  raiMediaFilteredCount: count,
  raiMediaFilteredReasons: reasons,
}: JsonObject): boolean {
  return (typeof count === 'number' && count > 0) || (Array.isArray(reasons) && reasons.length > 0);
}
