import { describe, expect, it } from '@jest/globals';
import type { VideoModel } from '../../src/catalog/model.js';
import { fitToModel } from '../../src/videos/domain/fit-to-model.js';

const NAMES = { seconds: 'duration', image: 'image_url' };
const ANY: VideoModel = {
  kind: 'video',
  id: 'maker',
  targets: [],
  pricing: 'free',
  created: 0,
  ownedBy: 'maker',
};
const STRICT: VideoModel = {
  ...ANY,
  durations: [4, 8],
  sizes: ['720x1280', '1280x720', '1792x1024'],
  inputKinds: ['text', 'image'],
};

function fit(asked: object, model = STRICT) {
  return fitToModel({ prompt: 'Sea', hasImage: false, ...asked }, model, NAMES);
}

describe('what is asked of a model', () => {
  it.each([
    ['nothing', {}, { seconds: 4, size: '720x1280' }],
    ['a duration', { seconds: 8 }, { seconds: 8, size: '720x1280' }],
    ['a size', { size: '1792x1024' }, { seconds: 4, size: '1792x1024' }],
    ['an aspect ratio', { aspectRatio: '16:9' }, { seconds: 4, size: '1280x720', aspectRatio: '16:9' }],
    ['another way to say it', { aspectRatio: '32:18' }, { size: '1280x720' }],
    ['both', { aspectRatio: '7:4', size: '1792x1024' }, { size: '1792x1024' }],
    ['an image', { hasImage: true }, { seconds: 4 }],
  ])('may be %s', (_what, asked, fitted) => {
    expect(fit(asked)).toMatchObject({ prompt: 'Sea', ...fitted });
    expect(fit(asked)).not.toHaveProperty('hasImage');
  });

  it.each([
    ['duration', { seconds: 5 }, STRICT, '4, 8'],
    ['size', { size: '1x1' }, STRICT, '720x1280, 1280x720, 1792x1024'],
    ['aspect_ratio', { aspectRatio: '1:1' }, STRICT, '9:16, 16:9, 7:4'],
    ['aspect_ratio', { aspectRatio: '1:1' }, { ...ANY, aspectRatios: ['16:9'] }, '16:9'],
    ['aspect_ratio', { aspectRatio: '1:1', size: '1280x720' }, STRICT, 'agree'],
    ['image_url', { hasImage: true }, ANY, 'image'],
  ])('must be within what it can do: %s', (param, asked, model, words) => {
    expect(() => fit(asked, model)).toThrow(
      expect.objectContaining({ param, message: expect.stringContaining(words) }),
    );
  });

  it('is its own to decide where the catalog does not', () => {
    expect(fit({}, ANY)).toEqual({ prompt: 'Sea' });
    expect(fit({ seconds: 7.5, size: '10x10' }, ANY)).toEqual({ prompt: 'Sea', seconds: 7.5, size: '10x10' });
    expect(fit({ aspectRatio: '5:4' }, ANY)).toEqual({ prompt: 'Sea', aspectRatio: '5:4' });
  });
});
