import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import {
  ENVIRONMENT_VARIABLE_NAMES,
  EnvironmentVariables,
} from '../../src/config/environment/environment-variables.js';
import { readGatewayFile } from '../../src/config/gateway-file/read-gateway-file.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { ERRORS } from '../../src/base/errors/gateway-error.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { codeBlocks, documents, inlineCode, page, tableRows } from './markdown.js';

const everywhere = [...documents().values()].join('\n');

describe('what users read', () => {
  it('begins with a README of about a thousand words', () => {
    expect(page('README.md').split(/\s+/).length).toBeLessThan(1_200);
  });

  it('lists every error code with its status, and no other', () => {
    const listed = tableRows(page('docs/errors.md'), 'code').map(([code = '', status]) => [
      code,
      Number(status),
    ]);
    const known = Object.entries(ERRORS).map(([code, { status }]) => [code, status]);
    expect(sorted(listed)).toEqual(sorted(known));
  });

  it('says of every error what to do', () => {
    for (const [code, , advice = ''] of tableRows(page('docs/errors.md'), 'code'))
      expect({ code, saysSomething: advice.length > 10 }).toEqual({ code, saysSomething: true });
  });

  it('lists every environment variable with its default, and no other', () => {
    const listed = tableRows(page('docs/configuration.md'), 'variable').map(([name = '', value]) => [
      name,
      value,
    ]);
    const defaults = new EnvironmentVariables();
    const known = ENVIRONMENT_VARIABLE_NAMES.map((name) => [name, String(defaults[name] ?? 'unset')]);
    expect(sorted(listed)).toEqual(sorted(known));
  });

  it('names every key that the example of the gateway file has', () => {
    const named = new Set(inlineCode(page('docs/configuration.md') + page('docs/providers.md')));
    const example: unknown = parse(readFileSync('gateway.example.yaml', 'utf8'));
    // `priority` is a tier, whose name is free.
    const unnamed = keysOf(example).filter((key) => !named.has(key));
    expect(unnamed).toEqual([]);
  });

  it('has gateway files that the gateway accepts', () => {
    const examples = codeBlocks(everywhere, 'yaml');
    expect(examples.length).toBeGreaterThan(0);
    const directory = mkdtempSync(join(tmpdir(), 'slipstream-readme-'));
    try {
      for (const example of examples) {
        const path = join(directory, 'gateway.yaml');
        writeFileSync(path, example);
        const variables = [...example.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [
          name,
          name === 'X402_SIGNER_KEY' ? `0x${'1'.repeat(64)}` : `value-of-${name}`,
        ]);
        const { catalog } = readGatewayFile(
          path,
          DIALECTS,
          Object.fromEntries(variables) as NodeJS.ProcessEnv,
        );
        expect(catalog.models.size).toBeGreaterThan(2);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  describe('on SQL', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.drop());

    it('has statements that run on the schema', async () => {
      const statements = codeBlocks(page('docs/operations.md') + page('docs/x402.md'), 'sql');
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) await expect(database.pool.query(statement)).resolves.toBeDefined();
    });
  });
});

function sorted<Row extends readonly unknown[]>(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => String(a[0]).localeCompare(String(b[0])));
}

function keysOf(tree: unknown): readonly string[] {
  if (Array.isArray(tree)) return tree.flatMap(keysOf);
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => [key, ...keysOf(value)]);
}
