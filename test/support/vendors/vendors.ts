import { GeminiVendor } from './gemini-vendor.js';
import { AnthropicVendor } from './anthropic-vendor.js';
import { DeepSeekVendor, OpenAiVendor } from './chat-vendors.js';
import { ResponsesVendor } from './responses-vendor.js';
import type { Vendor } from './vendor.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../scripted-upstream.js';

/** All vendors, each at an address of its own, with a gateway file that has a model named like each. */
export class Vendors {
  private constructor(
    readonly all: readonly Vendor[],
    private readonly upstreams: readonly ScriptedUpstream[],
  ) {}

  static async start(): Promise<Vendors> {
    const all = [
      new OpenAiVendor('openai'),
      new ResponsesVendor('responses'),
      new AnthropicVendor('anthropic'),
      new GeminiVendor('gemini'),
      new DeepSeekVendor('deepseek'),
    ];
    const upstreams = await Promise.all(all.map(() => startScriptedUpstream()));
    all.forEach(({ handle }, index) => upstreams[index]?.always(handle));
    return new Vendors(all, upstreams);
  }

  named(name: string): Vendor {
    const found = this.all.find((vendor) => vendor.name === name);
    if (!found) throw new Error(`no vendor ${name}`);
    return found;
  }

  get file(): object {
    return {
      providers: this.all.map(({ name, provider }, index) => {
        const url = this.upstreams[index]?.url ?? '';
        const base_url = provider['type'] === 'google' ? new URL(url).origin : url;
        return { id: name, base_url, api_key: `sk-${name}-secret`, ...provider };
      }),
      models: this.all.map(({ name, upstreamModel }) => ({
        id: name,
        targets: [{ provider: name, model: upstreamModel }],
        context_window: 200_000,
        max_output_tokens: 20_000,
        reasoning_efforts: ['low', 'medium', 'high'],
        pricing: { input: 1, output: 2 },
      })),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
  }
}
