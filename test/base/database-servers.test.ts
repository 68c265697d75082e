import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { databaseServersOf } from '../../src/base/database-servers.js';

describe('the servers of a database', () => {
  it.each([
    'postgres://user:secret@here:5433/db?sslmode=disable',
    'postgresql://here/db',
    'postgres:///db?host=/run/postgresql',
    'postgres://[::1]:5432/db',
    'postgres://user:p%40ss@here/db?options=a@b',
    'postgres://here/db?target_session_attrs=any',
  ])('are one, by the same URL, which is not asked: %s', (url) => {
    expect(databaseServersOf(url)).toEqual({ urls: [url], areAsked: false });
  });

  it('is asked where it is one and has to take writes', () => {
    for (const wanted of ['read-write', 'primary']) {
      const url = `postgres://here/db?target_session_attrs=${wanted}`;
      expect(databaseServersOf(url)).toEqual({ urls: [url], areAsked: true });
    }
  });

  it('are several, each with its port', () => {
    expect(databaseServersOf('postgresql://u:p@a:1,[::1]:2,c/db?target_session_attrs=read-write')).toEqual({
      urls: ['a:1', '[::1]:2', 'c'].map(
        (place) => `postgresql://u:p@${place}/db?target_session_attrs=read-write`,
      ),
      areAsked: true,
    });
  });

  it('are several by parameters, such as sockets, with one port for all or one for each', () => {
    const hosts = (query: string) =>
      databaseServersOf(`postgres:///db?${query}`)?.urls.map((url) => {
        const { searchParams } = new URL(url);
        return [searchParams.get('host'), searchParams.get('port')];
      });
    expect(hosts('host=/run/a,/run/b')).toEqual([
      ['/run/a', null],
      ['/run/b', null],
    ]);
    expect(hosts('host=a,b&port=1')).toEqual([
      ['a', '1'],
      ['b', '1'],
    ]);
    expect(hosts('host=a,b&port=1,2')).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it.each([
    'mysql://here/db',
    'here',
    '',
    'postgres://a:x/db',
    'postgres://a,b:x/db',
    'postgres://a,,b/db',
    'postgres://a,/db',
    'postgres://a,b/db?target_session_attrs=standby',
    'postgres://a/db?target_session_attrs=prefer-standby',
    'postgres:///db?host=a,b,c&port=1,2',
    'postgres:///db?host=a,,b',
    `postgres://${'a,'.repeat(16)}a/db`,
  ])('are none of those that take writes: %s', (url) => {
    expect(databaseServersOf(url)).toBeUndefined();
  });

  it('are as many as were written, and nothing else of the URL changes', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const place = fc.tuple(word, fc.option(fc.integer({ min: 1, max: 65_535 })));
    const places = fc.array(place, { minLength: 1, maxLength: 16 });
    const written = ([host, port]: readonly [string, number | null]) =>
      port === null ? host : `${host}:${port}`;
    fc.assert(
      fc.property(places, word, fc.webQueryParameters(), (all, name, query) => {
        fc.pre(!/\b(?:host|port|target_session_attrs)=/.test(query));
        const around = (hosts: string) => `postgres://${name}:${name}@${hosts}/${name}?${query}`;
        const urls = databaseServersOf(around(all.map(written).join(',')))?.urls;
        expect(urls).toEqual(all.map((one) => around(written(one))));
      }),
    );
  });

  it('of any text are found without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        databaseServersOf(text);
        databaseServersOf(`postgres://${text}`);
      }),
    );
  });
});
