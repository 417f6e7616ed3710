/** What is chosen as slides, judged before a byte is sent. Pure. */
import type { Takes } from './types';

const OFFICE = ['pptx', 'ppsx', 'pptm', 'ppsm', 'ppt', 'pps', 'odp'];
const PICTURES = ['jpg', 'jpeg', 'png', 'webp'];
const KINDS = ['pdf', 'zip', ...OFFICE, ...PICTURES];
/** For the file dialog. */
export const ACCEPT = KINDS.map((kind) => `.${kind}`).join(',');
const MB = 1 << 20;

export type PickProblem =
  | { kind: 'noOffice' | 'mixed' }
  | { kind: 'empty' | 'kind'; name: string }
  | { kind: 'tooLarge'; name: string; mb: number; most: number };

const kindOf = (name: string): string => name.toLowerCase().split('.').pop() ?? '';

/** Return sizes as people say them: 0.1 MB at least. */
export const megabytes = (bytes: number): string =>
  Math.max(0.1, bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0);

/** Return why these files cannot be taken, or null. */
export function pickProblem(
  files: readonly { name: string; size: number }[],
  takes: Takes,
): PickProblem | null {
  for (const { name, size } of files) {
    if (!KINDS.includes(kindOf(name))) return { kind: 'kind', name };
    if (size === 0) return { kind: 'empty', name };
    if (size > takes.bytes)
      return { kind: 'tooLarge', name, mb: Math.ceil(size / MB), most: Math.floor(takes.bytes / MB) };
    if (!takes.office && OFFICE.includes(kindOf(name))) return { kind: 'noOffice' };
  }
  if (files.length > 1 && !files.every((file) => PICTURES.includes(kindOf(file.name))))
    return { kind: 'mixed' };
  return null;
}

/** Sort by name as people count: 第2页 before 第10页. */
export function inPageOrder<T extends { name: string }>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => a.name.localeCompare(b.name, 'zh-CN', { numeric: true }));
}

/** Return what a deck of these files is called until somebody says otherwise: pictures by what they have in common. */
export function titleOf(files: readonly { name: string }[]): string {
  return (files[0]?.name ?? '').replace(/\.[^.]*$/, '');
}
