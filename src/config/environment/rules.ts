import { isIP } from 'node:net';
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { databaseServersOf } from '../../base/database-servers.js';
import { ValidateBy } from '../../base/shape/class-validator.js';

/** Accepts an unset variable, or one that passes `test`; `words` follow the variable's name in the problem. */
export function Rule(words: string, test: (value: string) => boolean): PropertyDecorator {
  return ValidateBy({
    name: 'rule',
    validator: {
      validate: (value: unknown) => value === undefined || (typeof value === 'string' && test(value)),
      defaultMessage: () => words,
    },
  });
}

/** A whole number in decimal digits and nothing else; `12abc`, `1e3` and `0x10` are refused. */
export function WholeNumber(smallest: number, largest: number): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    ValidateBy({
      name: 'wholeNumber',
      validator: {
        validate: (value: unknown) =>
          value === undefined || (typeof value === 'number' && value >= smallest && value <= largest),
        defaultMessage: () => `must be a whole number from ${smallest} to ${largest}`,
      },
    }),
  );
}

export function isHttpUrl(text: string): boolean {
  const url = parseUrl(text);
  return (
    url !== undefined &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username + url.password + url.search + url.hash === ''
  );
}

export function isPostgresUrl(text: string): boolean {
  return databaseServersOf(text) !== undefined;
}

const APP_ORIGIN = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._-]*$/;
const WILDCARD_HOST = /^(https?:\/\/)\*\.(?=[^*]+$)/;

/**
 * `*` for every page; scheme, host and port as a browser sends them in `Origin`, with `*.` in front of the host for
 * all its subdomains; or the origin of an app that is not a web page, such as `app://obsidian.md` and
 * `tauri://localhost`.
 */
export function isOrigin(text: string): boolean {
  if (text === '*' || APP_ORIGIN.test(text)) return true;
  const plain = text.replace(WILDCARD_HOST, '$1');
  return !plain.includes('*') && isHttpUrl(plain) && new URL(plain).origin === plain;
}

const SHORTEST_SECRET = 16;
const FEWEST_DIFFERENT = 6;

/** Fit for a header and hard to guess. */
export function isStrongSecret(text: string): boolean {
  return isHeaderToken(text) && text.length >= SHORTEST_SECRET && new Set(text).size >= FEWEST_DIFFERENT;
}

/** Visible ASCII characters. */
export function isHeaderToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** An IPv4 or IPv6 network in CIDR notation. */
export function isNetwork(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** The entries of a comma-separated list, without blanks around them and without empty ones. */
export function listEntries(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** The URL without trailing slashes. */
export function trimSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
