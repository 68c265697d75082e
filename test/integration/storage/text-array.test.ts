import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { textArray } from '../../../src/storage/text-array.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

describe('textArray', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const stored = async (values: readonly (string | null | undefined)[]): Promise<unknown> => {
    const text = 'SELECT $1::text[] AS texts, cardinality($1::text[]) AS length, ($1::text[])[1] AS first';
    const { rows } = await database.pool.query<object>(text, [textArray(values)]);
    return rows[0];
  };

  it('says what the list says, to the letter', async () => {
    const texts = ['plain', '', '"{\\"a\\": 1}"', 'NULL', 'a,b}{', ' \n\t', 'ä€😀', '\ud83d'];
    const kept = texts.with(-1, '\uFFFD');
    expect(await stored(texts)).toEqual({ texts: kept, length: texts.length, first: 'plain' });
  });

  it('has nulls', async () => {
    expect(await stored([null, 'b', undefined])).toEqual({
      texts: [null, 'b', null],
      length: 3,
      first: null,
    });
  });

  it('may be empty', async () => {
    expect(await stored([])).toEqual({ texts: [], length: 0, first: null });
  });

  it('is refused as a list is when a text has what no column can hold', async () => {
    await expect(stored(['a\0b'])).rejects.toMatchObject({ code: '22021' });
  });
});
