import { expect } from '@jest/globals';

export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly error: { message: string; type: string; param: string | null; code: string | null };
}

/** An answer that is an error envelope, as every refusal has to be. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const body = (await response.json()) as { error: Refusal['error'] };
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(body.error.message.length).toBeGreaterThan(0);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  expect(response.headers.has('www-authenticate')).toBe(response.status === 401);
  return { status: response.status, headers: response.headers, error: body.error };
}
