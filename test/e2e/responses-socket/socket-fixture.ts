import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { chatChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { SocketClient } from './socket-client.js';

export const WORKING = chatChunk({ role: 'assistant', content: 'Working' });

/** A gateway for all tests of a file, and for each of them an account with a socket that is open. */
export class SocketFixture {
  upstream!: ScriptedUpstream;
  gateway!: TestGateway;
  key!: string;
  client!: SocketClient;
  private readonly others: SocketClient[] = [];

  constructor(environment: Readonly<Record<string, string>> = {}) {
    beforeAll(async () => {
      this.upstream = await startScriptedUpstream();
      this.gateway = await TestGateway.start({ file: fileFor(this.upstream.url), environment });
    });
    beforeEach(async () => {
      this.upstream.reset();
      this.key = await this.keyOf('acme');
      this.client = await this.open();
    });
    afterEach(async () => {
      for (const { socket } of this.others.splice(0)) socket.terminate();
      await this.gateway.idle();
      await expectSoundBooks(this.gateway.pool);
    });
    afterAll(async () => {
      await this.gateway.close();
      await this.upstream.close();
    });
  }

  async keyOf(account: string): Promise<string> {
    return (await this.gateway.createKey({ account, budget_limit: '1000000' })).key;
  }

  /** Another socket; it ends with the test. */
  async open({ key = this.key, path = '/external/v1' } = {}): Promise<SocketClient> {
    const client = await SocketClient.open(this.gateway.url, key, path);
    this.others.push(client);
    return client;
  }

  /** The stored response. */
  get(id: string): Promise<Response> {
    return fetch(`${this.gateway.url}/external/v1/responses/${id}`, {
      headers: { authorization: `Bearer ${this.key}` },
    });
  }
}
