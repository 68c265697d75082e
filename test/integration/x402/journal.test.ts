import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { newAddress, newHash, openPaymentBooks, type PaymentBooks } from './payment-fixture.js';

let database: TestDatabase;
let replicas: PaymentBooks[];
beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [await openPaymentBooks(database.url), await openPaymentBooks(database.url)];
});
afterAll(async () => {
  await Promise.all(replicas.map((books) => books.database.close()));
  await database.drop();
});

const purposeOf = (signer: string, paymentId = 'pay_1') => ({
  chainId: 43113,
  signer,
  paymentId,
  kind: 'settlement' as const,
});
const sign = (nonce: number) => Promise.resolve({ hash: newHash(), raw: `0x${nonce}` });

it('gives every nonce once, without gaps, to all replicas', async () => {
  const signer = newAddress();
  const written = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      replicas[index % 2]!.journal.write(purposeOf(signer), () => Promise.resolve(7), sign),
    ),
  );
  expect(written.map(({ nonce }) => nonce).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, index) => 7 + index),
  );
  const found = await replicas[0]!.journal.of('pay_1', 'settlement');
  expect([...found].sort((a, b) => a.nonce - b.nonce)).toEqual(
    [...written].sort((a, b) => a.nonce - b.nonce),
  );
  expect(await replicas[0]!.journal.of('pay_1', 'refund')).toEqual([]);
});

it('uses up a nonce only by what it has written', async () => {
  const { journal } = replicas[0]!;
  const purpose = purposeOf(newAddress(), 'pay_2');
  const first = () => Promise.resolve(0);
  await journal.write(purpose, first, sign);
  const refused = journal.write(purpose, first, () => Promise.reject(new Error('no key')));
  await expect(refused).rejects.toThrow('no key');
  const never = () => Promise.reject(new Error('the chain was asked again'));
  expect(await journal.write(purpose, never, sign)).toMatchObject({ nonce: 1, raw: '0x1' });
  expect((await journal.of('pay_2', 'settlement')).map(({ nonce }) => nonce)).toEqual([0, 1]);
});

it('signs anew when another replica has used the nonce meanwhile', async () => {
  const purpose = purposeOf(newAddress(), 'pay_3');
  const [one, other] = replicas.map(({ journal }) => journal);
  const first = () => Promise.resolve(4);
  await one!.write(purpose, first, sign);
  await other!.write(purpose, first, sign);
  const signed: number[] = [];
  const written = await one!.write(purpose, first, (nonce) => {
    signed.push(nonce);
    return sign(nonce);
  });
  expect(written).toMatchObject({ nonce: 6, raw: '0x6' });
  expect(signed).toEqual([5, 6]);
  expect((await one!.of('pay_3', 'settlement')).map(({ nonce }) => nonce)).toEqual([4, 5, 6]);
});
