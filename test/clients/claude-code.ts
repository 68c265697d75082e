import type { ClientOutput, InstalledClient } from './installed-client.js';

/** Where a session of Claude Code goes, and with what. */
export interface Session {
  readonly client: InstalledClient;
  /** The address of the gateway, or that with `/external`. */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
  /** Further words of its command line. */
  readonly words?: readonly string[];
}

/** Gives Claude Code one prompt, and lets it do what it wants. */
export function claude(
  prompt: string,
  { client, baseUrl, key, model, words = [] }: Session,
): Promise<ClientOutput> {
  return client.run('claude', ['-p', prompt, '--model', model, '--dangerously-skip-permissions', ...words], {
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_AUTH_TOKEN: key,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    IS_SANDBOX: '1',
  });
}
