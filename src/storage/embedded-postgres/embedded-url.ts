import { LOOPBACK } from './loopback-port.js';

/** The only user of the embedded server, who may do everything. */
export const SUPERUSER = 'gateway';

/** The gateway's database on the embedded server. */
export const DATABASE = 'gateway';

export function embeddedUrl(password: string, port: number, database: string = DATABASE): string {
  return `postgresql://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${database}`;
}
