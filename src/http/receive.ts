import { type Caller } from './caller.js';
import { ClientLeft } from './client-left.js';
import type { Intake } from './intake.js';
import { type KeyCheck } from './key-check.js';

/** Turns of the event loop in which a body that came together with its head is complete. */
const TURNS_TO_ARRIVE = 2;

/** Who asks, what knows whether they may, and what counts their uploads. */
export interface Receiving {
  readonly caller: Caller;
  readonly keys: KeyCheck;
  readonly intake: Intake;
}

/**
 * Reads and parses the body of a call that will be held for. The hold checks the key again, so a good key must not
 * cost a trip of its own; a bad one is still 401 before anything else is said. So a body that is there at once is
 * parsed without asking, and the key is asked for alone only while a longer upload goes on, or before a refusal.
 *
 * @param read aborting its signal stops the reading
 * @throws GatewayError 401 first of all, then 429, then whatever is wrong with the body or `parse` says of it
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

/** Also marks the promise as handled: its failure is read later, or not at all once the key was refused. */
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
