import { setTimeout as delay } from 'node:timers/promises';
import { decodePaymentSignatureHeader } from '@x402/core/http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { says } from '../../support/chat-scripts.js';
import { hurryPayments } from '../../support/chain-agrees.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { ReplicatedShop } from '../../support/replicated-shop.js';
import type { Fate } from '../../support/node-proxy.js';
import type { Manner } from '../../support/scripted-facilitator.js';
import type { Exchange } from '../../support/scripted-upstream.js';
import { Buyer, chatRequest, requiredBy, type Way as PaidBy } from '../../support/shop.js';
import { until } from '../../support/until.js';

/** How a buyer asks again. */
const WAYS = ['the same signature', 'a new signature', 'the same Idempotency-Key'] as const;
type Way = (typeof WAYS)[number];

interface Kind {
  readonly paidBy: PaidBy;
  readonly stream: boolean;
  readonly way: Way;
  /** Whether it asks two replicas in turn, or one alone. */
  readonly inTurn: boolean;
}
const KINDS: readonly Kind[] = (['exact', 'permit2', 'upto'] as const).flatMap((paidBy) =>
  [false, true].flatMap((stream) =>
    WAYS.flatMap((way) => [false, true].map((inTurn) => ({ paidBy, stream, way, inTurn }))),
  ),
);

const SETTLE_MS = 1_000;
const MOST_TURNS = 60;
let count = 0;

/** One wish of one wallet, however often it asks for it. */
class Wish {
  readonly prompt = `What is ${(count += 1)} doubled?`;
  readonly seen: string[] = [];
  private header: string | undefined;
  private client: AbortController | undefined;

  private constructor(
    private readonly shop: ReplicatedShop,
    readonly buyer: Buyer,
    readonly kind: Kind,
  ) {}

  static async of(shop: ReplicatedShop, kind: Kind): Promise<Wish> {
    return new Wish(shop, await Buyer.with(shop.chain, 1_000_000n, [kind.paidBy]), kind);
  }

  /** @returns whether it has its answer now */
  async ask(turn: number): Promise<boolean> {
    this.client = new AbortController();
    const response = await this.send(turn, this.client.signal).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    const isAnswer = response?.status === 200 && text?.includes(`Answer to ${this.prompt}`) === true;
    const isWhole = isAnswer && !text.includes('"service_unavailable"');
    this.seen.push(isWhole ? 'answer' : text === undefined ? 'timeout' : String(response?.status));
    return isWhole;
  }

  leave(): void {
    this.client?.abort();
  }

  private async send(turn: number, signal: AbortSignal): Promise<Response> {
    const { stream, way, inTurn } = this.kind;
    const once = way === 'the same Idempotency-Key' ? { 'idempotency-key': this.prompt } : undefined;
    const messages = [{ role: 'user', content: this.prompt }];
    const request = { ...chatRequest({ max_tokens: 100, stream, messages }, once), signal };
    const url = this.shop.chatUrl(inTurn ? turn : 0);
    if (way !== 'the same signature') return this.buyer.fetch(url, request);
    // For longer than is asked for: it may take many turns until it is taken.
    this.header ??= await this.buyer.sign(requiredBy(await fetch(url, request)), 3_600);
    const headers = { ...(request.headers as object), 'payment-signature': this.header };
    return fetch(url, { ...request, headers });
  }

  async expectPaidOnce(): Promise<void> {
    const { kind, seen } = this;
    const transfers = (await this.shop.receivedFrom(this.buyer)).length;
    const calls = this.shop.upstream.requests.filter(({ text }) => text.includes(this.prompt)).length;
    expect({ kind, seen, transfers, calls }).toEqual({ kind, seen, transfers: 1, calls: 1 });
  }
}

interface Trouble {
  /** The service's, from the beginning. */
  readonly manner?: Manner;
  /** The chain's node's, from when the calls run. */
  readonly fateOf?: (method: string) => Fate;
  /** The buyer leaves when it has paid. */
  readonly leaves?: boolean;
}

const at = (method: string, fate: Fate) => (called: string) => (called === method ? fate : 'passed');
const away = (): Fate => 'refused';

const OF_A_SERVICE: Readonly<Record<string, Trouble>> = {
  'is plain': {},
  'settles and never answers': { manner: 'silent' },
  'settles and answers 502': { manner: 'badGateway' },
  'answers 402 twice': { manner: 'twicePaymentRequired' },
  'answers after its client has given up': { manner: 'slow', leaves: true },
  'settles while the chain is away too': { manner: 'silent', fateOf: away },
  'is pending for ever': { manner: 'pendingForEver' },
  'says success without a transfer': { manner: 'lying' },
};

const OF_A_CHAIN: Readonly<Record<string, Trouble>> = {
  'is plain': {},
  'takes transactions and never answers': { fateOf: at('eth_sendRawTransaction', 'answerLost') },
  'takes no transaction': { fateOf: at('eth_sendRawTransaction', 'refused') },
  'does not tell what became of them': { fateOf: at('eth_getTransactionReceipt', 'hanging') },
  'is away': { fateOf: away },
  'loses its buyers when they have paid': { leaves: true },
};

describe.each([
  ['a facilitator', true, OF_A_SERVICE],
  ['a chain', false, OF_A_CHAIN],
] as const)('calls that are asked for again, with %s', (_name, remote, troubles) => {
  describeOnLocalChain('that', () => batteryOf(remote, troubles));
});

function batteryOf(remote: boolean, troubles: Readonly<Record<string, Trouble>>): void {
  let shop: ReplicatedShop;

  beforeAll(async () => {
    shop = await ReplicatedShop.start(remote, { X402_SETTLE_MS: String(SETTLE_MS) });
  });
  beforeEach(async () => {
    shop.upstream.reset();
    // A replica that lost sight of the chain sells nothing until it looks again.
    for (const turn of [0, 1])
      await until(async () => (await fetch(shop.chatUrl(turn), chatRequest())).status === 402);
  });
  afterEach(() => {
    shop.service.manner = 'plain';
    shop.node.rule(() => 'passed');
  });
  afterAll(() => shop.close());

  /** The upstream answers nobody until all have been let in, or refused because a replica looks at its chain anew. */
  function answerTogether(refused: () => number, whenIn: () => void): void {
    const allAreIn = until(() => shop.upstream.requests.length + refused() >= KINDS.length).then(whenIn);
    shop.upstream.always(async (exchange) => {
      await allAreIn;
      says([{ content: `Answer to ${promptIn(exchange)}` }])(exchange);
    });
  }

  it.each(Object.entries(troubles))('%s', async (_name, { manner = 'plain', fateOf, leaves = false }) => {
    const wishes = await Promise.all(KINDS.map((kind) => Wish.of(shop, kind)));
    const satisfied = new Set<Wish>();
    let ended = 0;
    const askAll = (turn: number): Promise<unknown> =>
      Promise.all(
        wishes.map(async (wish) => {
          if (!satisfied.has(wish) && (await wish.ask(turn))) satisfied.add(wish);
          ended += 1;
        }),
      );

    shop.service.manner = manner;
    answerTogether(
      () => ended,
      () => fateOf && shop.node.rule(fateOf),
    );
    const asked = askAll(0);
    if (leaves)
      await until(async () => {
        const payers = (await shop.chain.transfersTo(shop.seller)).map(({ from }) => from);
        for (const wish of wishes) if (payers.includes(wish.buyer.wallet.address)) wish.leave();
        return ended === wishes.length;
      });
    await asked;
    await askAll(1);
    await askAll(2);
    if (manner !== 'twicePaymentRequired') shop.service.manner = 'plain';
    shop.node.rule(() => 'passed');
    for (let turn = 3; turn < MOST_TURNS && satisfied.size < wishes.length; turn += 1) {
      await hurryPayments(shop.pair.database.pool);
      await delay(500);
      await askAll(turn);
    }

    for (const wish of wishes) {
      expect(wish.seen.join(' ')).toMatch(/^((timeout|200|409|5..) )*answer$/);
      await wish.expectPaidOnce();
    }
  });
}

describeOnLocalChain('the count of transfers', () => {
  it('shows a facilitator that makes a wallet pay twice', async () => {
    const shop = await ReplicatedShop.start(true);
    shop.upstream.always((exchange) => says([{ content: `Answer to ${promptIn(exchange)}` }])(exchange));
    const wish = await Wish.of(shop, KINDS[0]!);
    const spare = await wish.buyer.sign(
      requiredBy(await fetch(shop.chatUrl(0), chatRequest({ max_tokens: 100 }))),
    );
    shop.service.spare = decodePaymentSignatureHeader(spare);
    shop.service.manner = 'double';
    expect(await wish.ask(0)).toBe(true);
    await expect(wish.expectPaidOnce()).rejects.toThrow('"transfers": 2');
    // The books know of one.
    await expect(shop.close()).rejects.toThrow();
  });
});

function promptIn({ request }: Exchange): string {
  const [message] = request.body['messages'] as readonly { content: string }[];
  return message?.content ?? '';
}
