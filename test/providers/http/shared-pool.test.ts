import { describe, expect, it } from '@jest/globals';
import buildConnector from 'undici/lib/core/connect.js';
import { ConnectionPool } from '../../../src/providers/http/connection-pool.js';
import { PoolShare } from '../../../src/providers/http/shared-pool.js';

const make = (): ConnectionPool => new ConnectionPool('http://127.0.0.1:1', 1, buildConnector({}));

describe('a pool that several share', () => {
  it('is one for each owner and name, and ends with its last user', async () => {
    const owner = {};
    const made: ConnectionPool[] = [];
    const share = (of: object, name = 'calls'): PoolShare =>
      PoolShare.of(of, name, () => {
        const pool = make();
        made.push(pool);
        return pool;
      });
    const [one, two] = [share(owner), share(owner)];
    expect(made).toHaveLength(1);
    share(owner, 'videos');
    share({});
    expect(made).toHaveLength(3);

    await one.close();
    await one.destroy();
    // It still serves the other one, and newcomers.
    const three = share(owner);
    expect(made).toHaveLength(3);
    await two.close();
    await two.close();
    await three.destroy();
    share(owner);
    expect(made).toHaveLength(4);
  });
});
