import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
import { citations, contractRows, routeRows } from './contract.js';

describe('the rows of the tables of routes, charges and errors', () => {
  const ids = contractRows().map(({ id }) => id);

  it('have ids, each its own', () => {
    expect(ids.filter((id) => !/^(route|charge|error)(\.[a-z][a-z0-9_-]*)+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are all cited by an end-to-end test', () => {
    const cited = new Set([...citations().values()].flat());
    expect(ids.filter((id) => !cited.has(id))).toEqual([]);
  });

  it('are there where a test cites them', () => {
    const known = new Set(ids);
    const unknown = [...citations()].flatMap(([file, cited]) =>
      cited.filter((id) => !known.has(id)).map((id) => `${file}: ${id}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the table of routes', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.close());

  it('has what the application routes, and nothing else', () => {
    // Upgrades do not go through the router; the test of their row opens one.
    const listed = routeRows()
      .filter(({ says }) => !says.startsWith('WebSocket '))
      .flatMap(({ says }) => ['/v1', '/external/v1'].map((base) => says.replace('…', base)))
      .map(withoutNames);
    expect([...new Set(listed)].sort()).toEqual(routed(gateway).sort());
  });
});

function routed(gateway: TestGateway): string[] {
  const { router } = gateway.app.getHttpAdapter().getInstance();
  return router.stack.flatMap(({ route }) =>
    (route?.stack ?? []).map(({ method }) => withoutNames(`${method.toUpperCase()} ${route?.path ?? ''}`)),
  );
}

/** The names of parameters, which are not seen from outside, say more in the documents. */
function withoutNames(route: string): string {
  return route.replaceAll(/\{\w+\}|[:*]\w+/g, '{}');
}
