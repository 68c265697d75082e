import { type IncomingMessage } from 'node:http';
import { type JsonObject } from '../json.js';
import { type Caller } from './caller.js';
import { ClientLeft } from './client-left.js';
import { type KeyCheck } from './key-check.js';
import { type BodyLimits, readJsonBody } from './read-json-body.js';

/** Turns of the event loop in which a body that came together with its head is complete. */
const TURNS_TO_ARRIVE = 2;

/**
 * Reads and parses the body of a call that will be held for. The hold checks the key again, so a good key must not
 * cost a trip of its own; a bad one is still 401 before anything else is said. So a body that is there at once is
 * parsed without asking, and the key is asked for alone only while a longer upload goes on, or before a refusal.
 *
 * @throws GatewayError 401 first of all, then whatever is wrong with the body or `parse` says of it
 * @throws ClientLeft when the upload breaks off
 */
export function receivePaidRequest<Command>(
  request: IncomingMessage,
  caller: Caller,
  keys: KeyCheck,
  parse: (body: JsonObject) => Command,
  limits: BodyLimits,
): Promise<Command> {
  return receivePaidBody(caller, keys, (signal) => readJsonBody(request, limits, signal), parse);
}

/** The same for a body of any kind; aborting the signal of `read` stops the reading. */
export async function receivePaidBody<Body, Command>(
  caller: Caller,
  keys: KeyCheck,
  read: (signal: AbortSignal) => Promise<Body>,
  parse: (body: Body) => Command,
): Promise<Command> {
  const abandon = new AbortController();
  const reading = read(abandon.signal);
  if (await settlesSoon(reading)) {
    return parseOrRefuse(
      async () => parse(await reading),
      () => keys.check(caller.keyHash),
    );
  }
  try {
    await keys.check(caller.keyHash);
  } catch (refusal) {
    abandon.abort(refusal);
    throw refusal;
  }
  return parse(await reading);
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
