import { type Caller } from './caller.js';
import { ClientLeft } from './client-left.js';
import type { Intake } from './intake.js';
import { type KeyCheck } from './key-check.js';

/** A body that came together with its head is complete after this many turns of the event loop. */
const TURNS_TO_ARRIVE = 2;

/** The caller, the check of its key, and the count of its uploads. */
export interface Receiving {
  readonly caller: Caller;
  readonly keys: KeyCheck;
  readonly intake: Intake;
}

/**
 * Reads and parses the body of a call that needs a hold. The hold checks the key again, so a good key must not cost a
 * round trip of its own; a bad one must still get 401 before any other error. So a body that is complete at once is
 * parsed without a check of its own. The key is checked separately only during a longer upload, or before a refusal.
 *
 * @param read stops reading when its signal aborts
 * @throws GatewayError 401 first of all, then 429, then any error of the body or of `parse`
 * @throws ClientLeft when the upload breaks off
 */
export async function receivePaidBody<Body, Command>(
  { caller, keys, intake }: Receiving,
  read: (signal: AbortSignal) => Promise<Body>,
  parse: (body: Body) => Command,
): Promise<Command> {
  const abandon = new AbortController();
  const reading = read(abandon.signal);
  if (await settlesSoon(reading)) {
    return parseOrRefuse(
      async () => parse(await reading),
      () => keys.check(caller),
    );
  }
  const others = intake.uploadsOf(caller.payer);
  return intake.during(caller.payer, async () => {
    try {
      await keys.check(caller, { others, paid: true });
    } catch (refusal) {
      abandon.abort(refusal);
      throw refusal;
    }
    return parse(await reading);
  });
}

async function parseOrRefuse<Command>(
  parseBody: () => Promise<Command>,
  checkKey: () => Promise<void>,
): Promise<Command> {
  try {
    return await parseBody();
  } catch (failure) {
    if (!(failure instanceof ClientLeft)) await checkKey();
    throw failure;
  }
}

/** Also marks the promise as handled: its failure is read later, or never if the key is refused. */
function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    let turnsLeft = TURNS_TO_ARRIVE;
    const turn = (): void => {
      turnsLeft -= 1;
      if (turnsLeft === 0) return resolve(false);
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    const settled = (): void => {
      clearImmediate(immediate);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
