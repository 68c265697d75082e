import { generateKeyPairSync } from 'node:crypto';
import { dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ENVIRONMENT_VARIABLE_NAMES } from '../../src/config/environment/environment-variables.js';
import { readEnvironment } from '../../src/config/environment/read-environment.js';
import { environmentOf, parseDockerfile, valuesOf } from './support/dockerfile.js';
import {
  namesIn,
  readComposeFile,
  readEnvironmentFile,
  readProjectFile,
  substitute,
} from './support/compose-file.js';

const compose = readComposeFile();
const { gateway, postgres } = compose.services;
const example = readEnvironmentFile(readProjectFile('.env.example'));
const image = parseDockerfile(readProjectFile('Dockerfile')).at(-1)!;
const filledIn = {
  ...example,
  POSTGRES_PASSWORD: 'c0ffee',
  ADMIN_TOKEN: 'b1946ac92492d2347c6235b4d2611184',
  RECEIPT_SIGNING_KEY: generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'der' })
    .toString('base64'),
};

/** The gateway's environment as its container gets it: what the image sets, then `.env`, then what the compose file sets. */
function containerEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  const set = Object.entries(gateway.environment).map(([name, value]) => [name, substitute(value, given)]);
  return { ...environmentOf(image), ...given, ...(Object.fromEntries(set) as Record<string, string>) };
}

describe('docker-compose.yml', () => {
  it('sets only variables that the gateway knows', () => {
    const unknown = [...Object.keys(gateway.environment), ...Object.keys(example)].filter(
      (name) => !(ENVIRONMENT_VARIABLE_NAMES as readonly string[]).includes(name),
    );
    // What the gateway connects with is in DATABASE_URL.
    expect(unknown).toEqual(['POSTGRES_PASSWORD']);
    expect(Object.keys(gateway.environment).length).toBeGreaterThan(4);
  });

  it('starts with the example file once its required variables are filled in', () => {
    const environment = containerEnvironment(filledIn);
    expect(readEnvironment(environment).problems).toEqual([]);
    expect(environment).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' });
  });

  it.each(['POSTGRES_PASSWORD', 'ADMIN_TOKEN', 'RECEIPT_SIGNING_KEY'])(
    'refuses to start without %s',
    (name) => {
      expect(() => containerEnvironment({ ...filledIn, [name]: '' })).toThrow(`${name} is not set`);
    },
  );

  it('hands the whole of .env to the gateway, and takes nothing from the environment that the example does not list', () => {
    expect(gateway.env_file).toBe('.env');
    const names = namesIn(JSON.stringify(compose.services)).map(({ name }) => name);
    expect(Object.keys(example)).toEqual(expect.arrayContaining(names));
  });

  it('mounts the folder of the gateway file where the example says that it is, below the place where the image runs', () => {
    const file = /^# GATEWAY_CONFIG=(.+)$/m.exec(readProjectFile('.env.example'))?.[1] ?? '';
    expect(gateway.volumes).toEqual([`./config:${dirname(file)}:ro`]);
    expect(valuesOf(image, 'WORKDIR').at(-1)).toBe(dirname(dirname(file)));
  });

  it('leaves every required variable of the example file empty, so that nobody runs on a published secret', () => {
    const required = namesIn(JSON.stringify(compose.services)).filter((one) => one.required);
    expect(required.map(({ name }) => example[name])).toEqual(required.map(() => ''));
  });

  it('connects to the database that it starts, as the user that it creates', () => {
    const url = new URL(containerEnvironment(filledIn).DATABASE_URL!);
    expect(url.hostname).toBe('postgres');
    expect(url.username).toBe(postgres.environment.POSTGRES_USER);
    expect(url.pathname).toBe(`/${postgres.environment.POSTGRES_DB!}`);
    expect(url.password).toBe(substitute(postgres.environment.POSTGRES_PASSWORD!, filledIn));
  });

  it('waits for a healthy database', () => {
    expect(gateway.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(postgres.healthcheck.test).toContain('pg_isready');
  });

  it('keeps the data of PostgreSQL 18 in a named volume at the place where that image puts it', () => {
    expect(postgres.image).toBe('postgres:18');
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql']);
    expect(Object.keys(compose.volumes)).toEqual(['postgres']);
  });

  it('publishes the port that the image listens on', () => {
    const port = environmentOf(image).PORT!;
    expect(gateway.ports).toEqual([`${port}:${port}`]);
    expect(valuesOf(image, 'EXPOSE')).toEqual([port]);
    expect(gateway.healthcheck.test.join(' ')).toContain(`http://127.0.0.1:${port}/`);
  });

  it('gives the gateway more time to stop than it takes to drain', () => {
    const seconds = Number(/^(\d+)s$/.exec(gateway.stop_grace_period)?.[1]);
    expect(seconds * 1000).toBeGreaterThanOrEqual(Number(gateway.environment.SHUTDOWN_GRACE_MS) + 10_000);
  });
});
