/** What can be chosen of a recording: pictures and voice, from the best to the leanest. Pure. */
import { bitsPerSecond, renditionNamed, type Rendition, type Resource } from './resource';
import type { Level } from './quality';

/** As the link rungs are named in the lesson. */
export type LevelWord = 'hd' | 'clear' | 'smooth' | 'light' | 'audio';

export interface Choice extends Level {
  readonly rendition: Rendition;
  readonly word: LevelWord;
  readonly hasPicture: boolean;
}

const HD_LINES = 700;
const SMALL_LINES = 400;

function choice(rendition: Rendition, word: LevelWord): Choice {
  return {
    ...{ rendition, word, name: rendition.name, bps: bitsPerSecond(rendition) },
    hasPicture: rendition.height > 0,
  };
}

/** Return the levels that falling and climbing go through: never none when there is anything to play. */
export function levelsOf(resource: Resource): Choice[] {
  const named = (name: Parameters<typeof renditionNamed>[1]) => renditionNamed(resource, name);
  const found: Choice[] = [];
  const original = named('lecturer');
  const low = named('low');
  if (original) found.push(choice(original, wordOf(original.height)));
  if (low && (!original || bitsPerSecond(low) < bitsPerSecond(original))) found.push(choice(low, 'smooth'));
  const light = named('light') ?? named('audio');
  if (light) found.push(choice(light, 'light'));
  const other = found.length === 0 ? (named('screen') ?? resource.renditions[0]) : undefined;
  return other ? [choice(other, wordOf(other.height))] : found;
}

/** Return what is played when only the voice is wanted: the leanest that has it. */
export function voiceOf(resource: Resource): Choice | null {
  const found = renditionNamed(resource, 'light') ?? renditionNamed(resource, 'audio');
  return found ? choice(found, 'audio') : null;
}

function wordOf(lines: number): LevelWord {
  if (lines >= HD_LINES) return 'hd';
  return lines > SMALL_LINES ? 'clear' : lines > 0 ? 'smooth' : 'light';
}
