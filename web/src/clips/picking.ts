/** What is chosen as clips, judged before a byte is sent. Pure. */
const KINDS = ['mp4', 'm4v', 'mov', 'webm', 'mp3', 'm4a', 'ogg', 'oga', 'opus', 'wav'];
/** For the file dialog. */
export const ACCEPT = KINDS.map((kind) => `.${kind}`).join(',');
const MB = 1 << 20;
export const MAX_BYTES = 200 * MB; // server/lessons/packs/clips.py: MAX_CLIP_BYTES
export const MAX_CLIPS = 20; // the same file: MAX_CLIPS
const MAX_TITLE = 80;

export type PickProblem =
  | { kind: 'empty' | 'kind'; name: string }
  | { kind: 'tooLarge'; name: string; mb: number; most: number }
  | { kind: 'tooMany'; n: number; left: number };

/** Return why these files cannot be added to the clips that are there, or null. */
export function pickProblem(
  files: readonly { name: string; size: number }[],
  already: number,
): PickProblem | null {
  if (files.length + already > MAX_CLIPS)
    return { kind: 'tooMany', n: MAX_CLIPS, left: Math.max(0, MAX_CLIPS - already) };
  for (const { name, size } of files) {
    if (!KINDS.includes(name.toLowerCase().split('.').pop() ?? '')) return { kind: 'kind', name };
    if (size === 0) return { kind: 'empty', name };
    if (size > MAX_BYTES) return { kind: 'tooLarge', name, mb: Math.ceil(size / MB), most: MAX_BYTES / MB };
  }
  return null;
}

/** What a clip of this file is called. */
export const titleOf = (name: string): string => name.replace(/\.[^.]*$/, '').slice(0, MAX_TITLE);
