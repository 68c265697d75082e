import { describe, expect, it } from '@jest/globals';
import { NamedStatement, StatementForms } from '../../src/storage/named-statement.js';

describe('a statement with named parameters', () => {
  it('numbers them as they come, each name once', () => {
    const statement = new NamedStatement(
      'find',
      `SELECT $id::text, ($names::text[])[1] FROM t WHERE a = ANY ($names) AND b = $id`,
    );
    expect(statement.with({ names: ['a'], id: '1', other: 2 })).toEqual({
      name: 'find',
      text: 'SELECT $1::text, ($2::text[])[1] FROM t WHERE a = ANY ($2) AND b = $1',
      values: ['1', ['a']],
    });
  });

  it('tells names apart of which one begins with the other', () => {
    const { text, values } = new NamedStatement('n', '$item, $items').with({ items: 2, item: 1 });
    expect([text, values]).toEqual(['$1, $2', [1, 2]]);
  });

  it('takes null, and refuses to run without a value', () => {
    const statement = new NamedStatement('find', 'SELECT $id');
    expect(statement.with({ id: null }).values).toEqual([null]);
    expect(() => statement.with({ Id: 1 })).toThrow('find needs a value for id');
  });

  it('takes values from several objects, the first that has one', () => {
    const statement = new NamedStatement('find', 'SELECT $a, $b, $c, $d');
    const given = [
      { a: 1, b: undefined },
      { a: 2, b: 2, c: null },
      { c: 3, d: 4 },
    ];
    expect(statement.with(...given).values).toEqual([1, undefined, null, 4]);
    expect(() => statement.with(...given.slice(0, 2))).toThrow('find needs a value for d');
  });
});

describe('forms of a statement', () => {
  it('have one name and one text each', () => {
    const forms = new StatementForms<{ logs: boolean; locks: boolean }>('end', ({ logs, locks }) =>
      [logs ? '$logs' : '', locks ? '$locks' : ''].join(),
    );
    expect(forms.of({ logs: true, locks: true }).with({ logs: 1, locks: 2 })).toEqual({
      name: 'end_logs_locks',
      text: '$1,$2',
      values: [1, 2],
    });
    expect(forms.of({ logs: false, locks: true }).with({ logs: 1, locks: 2 })).toEqual({
      name: 'end_locks',
      text: ',$1',
      values: [2],
    });
    expect(forms.of({ logs: false, locks: true })).toBe(forms.of({ locks: true, logs: false }));
  });
});
