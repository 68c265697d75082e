// @ts-check
/** Runs one piece of load against one column, and says what it cost whom. */
import { microseconds } from './clock.js';
import { cpuOf, cpuOfMachine, cpuOfPostgres, memoryOf, memoryOfPostgres } from './processes.js';

/**
 * @typedef {{ pid: number, ask: (order: string, details?: unknown) => Promise<any> }} Child
 * @typedef {{ columns: readonly import('./columns.js').Column[], load: Child, mock: Child, upstream: string }} Bench
 *
 * @typedef {object} Cost
 * @property {number} cpu of the target, in microseconds; NaN for the direct run, which has no process of its own
 * @property {number} postgresCpu in microseconds; NaN without a database
 * @property {number} memory of the target, in megabytes, as of the end of the run
 * @property {number} postgresMemory in megabytes
 * @property {number} elapsed microseconds
 * @property {number} loadCores share of a core that the load generator took
 * @property {number} mockCores the same of the mock upstream
 * @property {number} otherCores the same of everything else on this machine
 */

/** Above this share of a core, the load generator or the mock upstream may be what limits a run. */
export const BUSY_CORES = 0.5;

/** @param {Cost} cost */
export const helperWasBusy = (cost) => cost.loadCores > BUSY_CORES || cost.mockCores > BUSY_CORES;

/** @param {readonly number[]} pids @param {(pid: number) => number} of */
const total = (pids, of) => (pids.length === 0 ? NaN : pids.reduce((sum, pid) => sum + of(pid), 0));

/**
 * @template Result
 * @param {Pick<Bench, 'load' | 'mock'>} bench
 * @param {Pick<import('./columns.js').Column, 'pids' | 'postmaster' | 'gateway'>} column
 * @param {() => Promise<Result>} work
 * @returns {Promise<{ result: Result, cost: Cost }>}
 */
export async function measure({ load, mock }, { pids, postmaster, gateway }, work) {
  const sample = () => ({
    at: microseconds(),
    target: total(pids, cpuOf),
    postgres: postmaster === undefined ? NaN : cpuOfPostgres(postmaster),
    load: cpuOf(load.pid),
    mock: cpuOf(mock.pid),
    ledger: gateway?.ledgerPid ? cpuOf(gateway.ledgerPid) : 0,
    machine: cpuOfMachine(),
  });
  const before = sample();
  const result = await work();
  const after = sample();
  const elapsed = after.at - before.at;
  const spent = (/** @type {keyof typeof before} */ who) => after[who] - before[who];
  const ours =
    spent('load') + spent('mock') + spent('ledger') + (spent('target') || 0) + (spent('postgres') || 0);
  const cost = {
    cpu: spent('target'),
    postgresCpu: spent('postgres'),
    memory: total(pids, memoryOf),
    postgresMemory: postmaster === undefined ? NaN : memoryOfPostgres(postmaster),
    elapsed,
    loadCores: spent('load') / elapsed,
    mockCores: spent('mock') / elapsed,
    otherCores: Math.max(0, spent('machine') - ours) / elapsed,
  };
  return { result, cost };
}
