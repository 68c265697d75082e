import type { KeyRecord } from '../payments/keys/key-store.js';
import { limitError } from '../payments/refusal.js';

/** Claude Code counts about thirty prompts at once, so counting is allowed this many times as often as calls. */
const TIMES = 10;
const MINUTE_MS = 60_000;
/** Keys whose buckets are remembered; the one that counted longest ago is forgotten first. */
const MAX_KEYS = 10_000;

/**
 * A bucket for each key with a rate limit, of ten times that limit, in this process: when its next count would be on time
 * (generic cell rate algorithm). A bucket that was forgotten is full.
 */
export class CountingLimit {
  private readonly arrivals = new Map<string, number>();

  /** @param nowMs a clock in milliseconds */
  constructor(private readonly nowMs: () => number) {}

  /** @throws GatewayError 429 rate_limit_exceeded */
  readonly admit = ({ id, rateLimitRpm }: Pick<KeyRecord, 'id' | 'rateLimitRpm'>): void => {
    if (rateLimitRpm === null) return;
    const perMinute = TIMES * rateLimitRpm;
    const now = this.nowMs();
    const arrival = Math.max(this.arrivals.get(id) ?? 0, now);
    const next = arrival + MINUTE_MS / perMinute;
    if (next - now > MINUTE_MS) throw limitError('rate_limited', perMinute, next - now - MINUTE_MS);
    this.arrivals.delete(id);
    this.arrivals.set(id, next);
    const [oldest] = this.arrivals.keys();
    if (this.arrivals.size > MAX_KEYS && oldest !== undefined) this.arrivals.delete(oldest);
  };
}
