import { describe, expect, it } from '@jest/globals';
import { readGatewayFile } from '../../src/config/gateway-file/read-gateway-file.js';
import { DIALECTS } from '../../src/providers/dialects.js';

describe('gateway.example.yaml', () => {
  it('can be used as it is once its variables are set', () => {
    const environment = {
      OPENAI_API_KEY: 'a',
      ANTHROPIC_API_KEY: 'b',
      GEMINI_API_KEY: 'c',
      AZURE_OPENAI_API_KEY: 'd',
    };
    const { catalog, payments } = readGatewayFile('gateway.example.yaml', DIALECTS, environment);
    expect([...catalog.providers.keys()]).toEqual([
      'openai',
      'anthropic',
      'google',
      'azure',
      'local',
      'sandbox',
    ]);
    expect(catalog.models.size).toBe(12);
    expect(payments.chainIds).toEqual([43_113]);
  });
});
