import { randomInt } from 'node:crypto';

const QUALITIES =
  'amber ancient brisk calm candid clever coastal copper curious deft eager early fluent gentle glad golden honest ' +
  'humble jolly keen kind lively lucid mellow merry nimble noble patient plain polite proud quick quiet rapid ' +
  'serene sharp silent silver sincere sleek smooth solid steady sunny swift tidy vivid warm wise witty';
const STONES =
  'agate alabaster basalt beryl breccia chalk chert cobble dolerite dolomite feldspar flint gabbro garnet gneiss ' +
  'granite gravel gypsum halite jasper limestone marble marl mica mudstone obsidian olivine onyx opal pebble ' +
  'porphyry pumice pyrite quartz quartzite rhyolite sandstone schist scoria serpentine siltstone slate soapstone ' +
  'talc topaz travertine tuff zircon';

/** A name for a container that was given none: `quiet_basalt`; the more tries, the longer. */
export function randomName(tries = 0): string {
  const pick = (words: string): string => {
    const list = words.split(' ');
    return list[randomInt(list.length)] ?? '';
  };
  return `${pick(QUALITIES)}_${pick(STONES)}${tries > 0 ? randomInt(10 ** Math.min(tries, 9)) : ''}`;
}
