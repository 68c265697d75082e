import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/app/logging/create-logger.js';
import { droppedLogLines, LineOutput } from '../../../src/app/logging/line-output.js';
import { until } from '../../support/until.js';

/** What stands behind a log, with room for so many bytes. */
class Disk {
  text = '';
  room = 0;
  error: string | undefined;

  readonly writeSome = (bytes: Buffer): number => {
    const part = bytes.subarray(0, this.room);
    if (part.length === 0) throw Object.assign(new Error('no'), { code: this.error ?? 'ENOSPC' });
    this.room -= part.length;
    this.text += part.toString();
    return part.length;
  };
}

const line = (length: number): string => `${'x'.repeat(length - 1)}\n`;

describe('lines that cannot be written', () => {
  it.each(['ENOSPC', 'EPIPE', 'EAGAIN', 'EIO'])(
    '(%s) wait up to a mebibyte, and are dropped from there',
    (error) => {
      const disk = new Disk();
      disk.error = error;
      const output = new LineOutput(disk.writeSome);
      const before = droppedLogLines();
      for (let index = 0; index < 300; index += 1) output.write(line(8_192));
      expect(droppedLogLines() - before).toBe(300 - 128);
      disk.room = Infinity;
      output.write(line(10));
      output.flush();
      expect(disk.text).toHaveLength(128 * 8_192 + 10);
    },
  );

  it('are never torn: the rest of one that has begun comes first', () => {
    const disk = new Disk();
    const output = new LineOutput(disk.writeSome);
    disk.room = 5;
    output.write('first line\n');
    output.write('second line\n');
    output.flush();
    expect(disk.text).toBe('first');
    disk.room = Infinity;
    output.flush();
    expect(disk.text).toBe('first line\nsecond line\n');
  });

  it('are written in pieces that end with a line, as large as the output takes whole', () => {
    const disk = new Disk();
    disk.room = Infinity;
    const pieces: string[] = [];
    const output = new LineOutput((bytes) => {
      pieces.push(bytes.toString());
      return disk.writeSome(bytes);
    }, 100);
    for (const length of [40, 50, 20, 300, 80]) output.write(line(length));
    output.flush();
    expect(pieces.map((piece) => piece.length)).toEqual([90, 20, 300, 80]);
    expect(pieces.every((piece) => piece.endsWith('\n'))).toBe(true);
  });

  it('of one turn of the event loop are written together, at its end', async () => {
    const disk = new Disk();
    disk.room = Infinity;
    let writes = 0;
    const output = new LineOutput((bytes) => {
      writes += 1;
      return disk.writeSome(bytes);
    });
    output.write('one\n');
    output.write('two\n');
    expect(disk.text).toBe('');
    await until(() => disk.text === 'one\ntwo\n');
    expect(writes).toBe(1);
  });

  it('are written without another one to follow', async () => {
    const disk = new Disk();
    new LineOutput(disk.writeSome).write('a line\n');
    disk.room = Infinity;
    await until(() => disk.text === 'a line\n');
  });

  it.each([false, true])('are told of once, when lines are written again (pretty: %s)', async (pretty) => {
    const disk = new Disk();
    const output = new LineOutput(disk.writeSome);
    const logger = createLogger({ level: 'info', pretty }, output);
    const before = droppedLogLines();
    for (let index = 0; index < 20; index += 1) logger.info('x'.repeat(100_000));
    await until(() => droppedLogLines() - before >= 9);
    const lost = droppedLogLines() - before;
    disk.room = Infinity;
    await until(() => disk.text.includes('were dropped'));
    logger.info('later');
    await until(() => disk.text.includes('later'));
    expect(disk.text.match(/were dropped/g)).toHaveLength(1);
    expect(disk.text).toMatch(new RegExp(`"?lines"?: ?${lost}`));
  });
});
