import { expect } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../src/base/errors/gateway-error.js';
import type { CreatedKey, TestGateway } from '../../support/gateway.js';
import type { Surface } from '../../support/responses-client.js';
import { newPayer } from '../charging/bills.js';
import { SurfaceClient } from './surface-client.js';

/** A key of an account of its own, and its calls. */
export interface Caller extends CreatedKey {
  readonly client: SurfaceClient;
}

/** Makes a caller on the surface that is being tried. */
export type Calling = (settings?: object) => Promise<Caller>;

/** The id of an error's row, in brackets, and how to provoke it. */
export type ErrorRow = readonly [
  cited: `[error.${ErrorCode}]`,
  provoke: (calling: Calling) => Promise<Response>,
];

export const CHAT = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] };

export function callingOn(gateway: TestGateway, surface: Surface): Calling {
  return async (settings = {}) => {
    const created = await newPayer(gateway, settings);
    return { ...created, client: new SurfaceClient(gateway.url, surface, created.key) };
  };
}

/** It has the status of its code and the envelope of its surface. */
export async function expectError(cited: ErrorRow[0], surface: Surface, answer: Response): Promise<void> {
  const body = (await answer.json()) as { error: object };
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(Object.keys(body)).toEqual(['error']);
  expectEnvelope(cited, surface, answer.status, body.error);
}

export function expectEnvelope(cited: ErrorRow[0], surface: Surface, status: number, error: object): void {
  const code = cited.slice('[error.'.length, -1) as ErrorCode;
  expect({ status, error }).toMatchObject({
    status: ERRORS[code].status,
    error: { code, type: ERRORS[code].type, message: expect.stringMatching(/./) },
  });
  const additions = surface === '/v1' ? ['details'] : [];
  const keys = Object.keys(error).filter((key) => !additions.includes(key));
  expect(keys.sort()).toEqual(['code', 'message', 'param', 'type']);
}
