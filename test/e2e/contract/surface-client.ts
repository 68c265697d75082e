import { expect } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { Surface } from '../../support/responses-client.js';

/** One key's calls on one surface, each checked for what the surface may show. */
export class SurfaceClient {
  constructor(
    private readonly url: string,
    readonly surface: Surface,
    readonly key: string,
  ) {}

  /** @param body goes as it is when it is text */
  async send(
    method: string,
    path: string,
    body?: object | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const answer = await fetch(`${this.url}${this.surface}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    if (this.surface === '/external/v1')
      expect([...answer.headers.keys()].filter((name) => name.includes('compose'))).toEqual([]);
    return answer;
  }

  /** The text of an answer of this status. */
  async text(method: string, path: string, body?: object, status = 200): Promise<string> {
    const answer = await this.send(method, path, body);
    const text = await answer.text();
    expect({ status: answer.status, text }).toMatchObject({ status });
    if (this.surface === '/external/v1') expect(text).not.toMatch(/compose[_.]/);
    return text;
  }

  async json(
    method: string,
    path: string,
    body?: object,
    status = 200,
  ): Promise<JsonObject & { id: string }> {
    return JSON.parse(await this.text(method, path, body, status)) as JsonObject & { id: string };
  }
}
