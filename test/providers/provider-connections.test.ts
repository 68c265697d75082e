import { describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../src/catalog/model.js';
import { ProviderConnections } from '../../src/providers/provider-connections.js';
import { settingsFor } from './support.js';

class Adapter {
  readonly calls: string[] = [];

  constructor(
    readonly settings: ProviderSettings,
    private readonly closes: boolean,
  ) {}

  close(): Promise<void> {
    this.calls.push('close');
    return this.closes ? Promise.resolve() : new Promise(() => undefined);
  }

  destroy(): Promise<void> {
    this.calls.push('destroy');
    return Promise.resolve();
  }
}

const connections = (closes = true) => new ProviderConnections((settings) => new Adapter(settings, closes));
const settings = (id: string): ProviderSettings => settingsFor('http://127.0.0.1:1/v1', { id });

describe('the connections of providers', () => {
  it('are made once for the same settings', () => {
    const all = connections();
    const one = settings('one');
    expect(all.providerOf(one)).toBe(all.providerOf(one));
    expect(all.providerOf(settings('two'))).not.toBe(all.providerOf(one));
  });

  it('of old settings are closed, not broken, when there are new ones', () => {
    const all = connections();
    const [old, other] = [all.providerOf(settings('one')), all.providerOf(settings('two'))];
    expect(all.providerOf(settings('one'))).not.toBe(old);
    expect(old.calls).toEqual(['close']);
    expect(other.calls).toEqual([]);
  });

  it('are broken in the end, also when they do not close', async () => {
    const all = connections(false);
    const one = all.providerOf(settings('one'));
    await all.close();
    expect(one.calls).toEqual(['close', 'destroy']);
  });
});
