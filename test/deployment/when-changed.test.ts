import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipstream-scripts-'));
  cpSync('scripts', join(directory, 'scripts'), { recursive: true });
  cpSync('package.json', join(directory, 'package.json'));
  mkdirSync(join(directory, 'in', 'deep'), { recursive: true });
  write('in/deep/source', 'one');
  // Counts its runs outside of what it makes, and copies its input.
  write(
    'make.js',
    `import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
     appendFileSync('runs', 'x');
     if (process.argv[2] === 'fail') process.exit(3);
     mkdirSync('out'); copyFileSync('in/deep/source', 'out/made');`,
  );
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');

function run(words: readonly string[], options: readonly string[] = []) {
  return new Promise<{ status: number; stderr: string }>((resolve) => {
    const script = ['scripts/when-changed.js', 'out', 'in', '--', process.execPath, 'make.js', ...words];
    const child = execFile(
      process.execPath,
      [...options, ...script],
      { cwd: directory },
      (_failure, _out, stderr) => resolve({ status: child.exitCode ?? -1, stderr }),
    );
  });
}

describe('scripts/when-changed.js', () => {
  it('runs once for one content, whatever the times, and again for another', async () => {
    expect(await run([])).toEqual({ status: 0, stderr: 'Making out …\n' });
    utimesSync(join(directory, 'in/deep/source'), 1, 1);
    expect(await run([])).toEqual({ status: 0, stderr: '' });
    expect(read('runs')).toBe('x');
    write('in/deep/source', 'two');
    write('out/stale', 'of a source that is gone');
    await run([]);
    expect(read('runs')).toBe('xx');
    expect(read('out/made')).toBe('two');
    expect(() => read('out/stale')).toThrow('ENOENT');
  });

  it('passes a failure on, and runs again after it', async () => {
    expect(await run(['fail'])).toMatchObject({ status: 3 });
    expect(await run(['fail'])).toMatchObject({ status: 3 });
    expect(read('runs')).toBe('xx');
  });

  it('says that a Node is too old before anything else', async () => {
    const older =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } })';
    const { status, stderr } = await run([], ['--import', `data:text/javascript,${older}`]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^Slipstream needs Node\.js 20\.19 or newer .* this is 20\.18\.3, \S+\.\n$/,
      ) as unknown,
    });
    expect(() => read('runs')).toThrow('ENOENT');
  });
});
