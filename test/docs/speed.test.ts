import { expect, it } from '@jest/globals';
import { newestResults, speedParagraph } from '../bench/bench.js';
import { page } from './markdown.js';

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

it('says of the speed in the README what the newest results of the benchmark say', () => {
  expect(inOneLine(page('README.md'))).toContain(speedParagraph(newestResults()));
});
