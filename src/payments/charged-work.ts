import type { Observable } from 'rxjs';
import type { AgentSession } from '../base/money/agent-session.js';
import type { CallRecord } from './call-record.js';
import type { Price } from '../base/money/price.js';
import type { HoldGrant } from './ledger.js';
import type { KeyedRequest } from './keys/keyed-request.js';
import type { Meter } from '../base/money/meter.js';
import type { HeldDemand } from './x402/held-demand.js';
import type { OnceCall } from './once/recorded-answer.js';
import type { Payer } from './payer.js';
import type { AgreedPayment } from './x402/agreed-payment.js';

/** Where a paid call comes from: who pays, and the request that asks. */
export interface CallOrigin {
  readonly payer: Payer;
  /** Shared with the request that asks; see `KeyedRequest`. */
  readonly rate?: KeyedRequest['rate'];
  readonly requestId: string;
  /** The configured chain that the request named. */
  readonly chainId: number | undefined;
  /** What pays for it, when the payer is a wallet. */
  readonly payment?: AgreedPayment | undefined;
  /** See `Received` in `src/base/moments/moment.ts`. */
  readonly exchange?: object | undefined;
  /** The agent that asks. */
  readonly agent?: AgentSession | undefined;
}

/** What a paid call may do once its hold is granted. */
export interface Grant {
  readonly accountId: string;
  /** Set when the free budget covers fewer output tokens than were asked for. */
  readonly loweredOutputCap: number | undefined;
  /**
   * Only for a call that runs once: to be awaited before anything is sent upstream, so that the call is never sent
   * again after this process dies. Rejects with a GatewayError when the call must not be sent.
   */
  readonly beforeSending?: () => Promise<void>;
}

export interface AdoptedHold {
  readonly holdId: string;
  /** Undefined when another process was faster. */
  readonly claim: () => Promise<HoldGrant | undefined>;
}

export interface ChargedWork<Event> {
  readonly origin: CallOrigin;
  readonly price: Price;
  /** Public model id without options, as receipts name it. */
  readonly model: string;
  /** The id of its catalog entry, as the key's allowed models name it. */
  readonly entryId: string;
  /** Configured id of the provider that is expected to answer. */
  readonly provider: string;
  readonly responseId: string;
  readonly inputTokensEstimate: number;
  /** Whether the client sees events as they come; a whole answer that fails has shown nothing and costs nothing. */
  readonly streamed: boolean;
  readonly meter: Meter;
  /** What is stored of the call, in the same statements as its money. */
  readonly record?: CallRecord;
  /** Set for a call that runs once, however often it is sent. The call goes on when its client leaves. */
  readonly once?: OnceCall;
  /** Aborted when the call is to end although its client stays. */
  readonly cancelled?: AbortSignal;
  /** No client waits for its end. */
  readonly background?: boolean;
  /** Whether another process may run it instead when this one ends. */
  readonly canMove?: boolean;
  /** The hold that a process took for this call before it died. */
  readonly adopted?: AdoptedHold;
  /** The client's demand, which can be held while a payment moves. */
  readonly demand?: HeldDemand | undefined;
  /** Cold; subscribing starts the upstream call, unsubscribing aborts it. */
  readonly generate: (grant: Grant) => Observable<Event>;
}
