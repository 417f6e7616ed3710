/** WebVTT (W3C), as far as subtitles need it: cues with plain text. Pure. */

export interface Cue {
  readonly start_ms: number;
  readonly end_ms: number;
  readonly text: string;
}

const TIMING = /^((?:\d+:)?\d\d:\d\d\.\d{3})[ \t]+-->[ \t]+((?:\d+:)?\d\d:\d\d\.\d{3})/;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  nbsp: ' ',
  lrm: '',
  rlm: '',
};

/** Return the cues in order of their begin; what cannot be read is left out. */
export function readVtt(text: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split(/\n{2,}/)) {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => TIMING.test(line));
    const timing = TIMING.exec(lines[at] ?? '');
    if (!timing) continue;
    const words = lines
      .slice(at + 1)
      .join('\n')
      .replace(/<[^>]*>/g, '')
      .replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
      .trim();
    const [start_ms, end_ms] = [millis(timing[1] ?? ''), millis(timing[2] ?? '')];
    if (words && end_ms > start_ms) cues.push({ start_ms, end_ms, text: words });
  }
  return cues.sort((a, b) => a.start_ms - b.start_ms);
}

/** Return what is said at `ms`, lines of several cues under each other. */
export const spokenAt = (cues: readonly Cue[], ms: number): string =>
  cues
    .filter((cue) => cue.start_ms <= ms && ms < cue.end_ms)
    .map((cue) => cue.text)
    .join('\n');

function millis(time: string): number {
  return Math.round(time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000);
}
