import type { Target, VideoModel } from '../../catalog/model.js';
import { parseDecimal } from '../../base/money/decimal.js';
import type { VideoPricing } from '../../base/money/pricing.js';
import type { Dialects } from '../../catalog/dialect.js';
import type { Section, TextRule } from './section.js';

/** The settings of a model of any kind. */
export type CommonSettings = Pick<
  VideoModel,
  'id' | 'aliases' | 'displayName' | 'targets' | 'created' | 'ownedBy' | 'inputKinds'
>;

const MOST_SECONDS = 3_600;

const DURATION: TextRule = {
  test: (text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_SECONDS,
  words: `a whole number of seconds from 1 to ${MOST_SECONDS}`,
};
const SIZE: TextRule = {
  test: (text) => /^[1-9]\d{1,4}x[1-9]\d{1,4}$/.test(text),
  words: 'width x height in pixels, such as "1280x720"',
};
const ASPECT_RATIO: TextRule = {
  test: (text) => /^[1-9]\d{0,2}:[1-9]\d{0,2}$/.test(text),
  words: 'width:height in quotes, such as "16:9"',
};
const FREE: TextRule = { test: (text) => text === 'free', words: 'a mapping of prices, or the word free' };

export function readVideoModel(section: Section, common: CommonSettings, dialects: Dialects): VideoModel {
  refuseTextOnly(section, common.targets, dialects);
  const durations = readList(section, 'durations', DURATION)?.map(Number);
  const sizes = readList(section, 'sizes', SIZE);
  const aspectRatios = readList(section, 'aspect_ratios', ASPECT_RATIO);
  const pricing = readVideoPricing(section) ?? 'free';
  if (pricing !== 'free' && 'perSecond' in pricing && section.isMissing('durations'))
    section.refuse('durations', 'is required where the price is per second; the first one is the default');
  const model: VideoModel = {
    kind: 'video',
    ...common,
    pricing,
    ...(durations && { durations }),
    ...(sizes && { sizes }),
    ...(aspectRatios && { aspectRatios }),
  };
  section.end();
  return model;
}

/** The sandbox makes videos, although it is not a dialect of the file. */
function refuseTextOnly(section: Section, targets: readonly Target[], dialects: Dialects): void {
  for (const { provider } of targets) {
    const dialect = dialects[provider.type];
    if (dialect && !dialect.video) section.refuse('targets', `the provider ${provider.id} makes no videos`);
    if (dialect?.video?.byWire && !provider.wires.includes('videos'))
      section.refuse('targets', `the provider ${provider.id} must have videos among its wires`);
  }
}

function readList(section: Section, key: string, rule: TextRule): readonly string[] | undefined {
  if (section.isEmptyList(key)) section.refuse(key, 'must name at least one, or be left out');
  return section.texts(key, rule);
}

/** Absent only together with a problem: a model is free only when the file says so. */
function readVideoPricing(model: Section): VideoPricing | 'free' | undefined {
  if (model.isText('pricing')) return model.text('pricing', FREE) === undefined ? undefined : 'free';
  const section = model.section('pricing');
  if (section === undefined) return undefined;
  const both = !section.isMissing('per_second') && !section.isMissing('per_video');
  if (both) section.refuse('per_video', 'cannot stand beside per_second');
  const perVideo = section.price('per_video');
  if (section.isMissing('per_video')) section.require('per_second');
  const perSecond = section.price('per_second');
  section.end();
  if (perVideo) return { perVideo };
  return { perSecond: perSecond ?? parseDecimal('0') };
}
