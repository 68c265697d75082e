import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../src/base/errors/configuration-error.js';
import { readGatewayFile, type GatewayFile } from '../../src/config/gateway-file/read-gateway-file.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { temporaryDirectory } from './temporary-directory.js';

export function read(text: string, environment: NodeJS.ProcessEnv = {}): GatewayFile {
  const path = join(temporaryDirectory(), 'gateway.yaml');
  writeFileSync(path, text);
  return readGatewayFile(path, DIALECTS, environment);
}

export function problemsOf(text: string, environment?: NodeJS.ProcessEnv): readonly string[] {
  try {
    read(text, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

export const PROVIDER = 'providers: [{id: up, type: openai}]\n';

/** One valid text model with some of its fields changed; `undefined` leaves one out. */
export function model(fields: Record<string, string | undefined> = {}): string {
  return fieldsOf({
    id: 'm',
    targets: '[{provider: up, model: m}]',
    context_window: '1000',
    max_output_tokens: '100',
    pricing: '{input: 1, output: 2}',
    ...fields,
  });
}

export function withModel(fields: Record<string, string | undefined> = {}): string {
  return `${PROVIDER}models: [{${model(fields)}}]\n`;
}

/** The same for a video model; type and wires are those of its provider. */
export function withVideo({
  type = 'openai',
  wires = '[videos]',
  ...fields
}: Record<string, string | undefined>): string {
  const video = fieldsOf({
    id: 'v',
    kind: 'video',
    targets: '[{provider: up, model: v}]',
    pricing: '{per_second: 0.1}',
    durations: '[4]',
    ...fields,
  });
  return `providers: [{id: up, type: ${type}, wires: ${wires}}]\nmodels: [{${video}}]\n`;
}

function fieldsOf(fields: Record<string, string | undefined>): string {
  return Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : `${key}: ${value}`))
    .join(', ');
}
