import { isIP } from 'node:net';
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

/** A variable that is unset, or that passes `test`; `words` follow the variable's name in the problem. */
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
        validate: (value: unknown) => typeof value === 'number' && value >= smallest && value <= largest,
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
  return ['postgres:', 'postgresql:'].includes(parseUrl(text)?.protocol ?? '');
}

/** Scheme, host and port as a browser sends them in `Origin`. */
export function isOrigin(text: string): boolean {
  return isHttpUrl(text) && new URL(text).origin === text;
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

/** Without the slashes at its end. */
export function trimSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
