/** How a wall is set, as it keeps it. */
import type { WallLayout } from '@/generated/messages';

export interface WallSettings {
  layout: WallLayout;
  /** Percent. */
  volume: number;
}

/** Read what was kept; what cannot be read is as if nothing were. */
export function parseWall(text: string | null): WallSettings {
  const plain: WallSettings = { layout: 'auto', volume: 100 };
  if (text === null) return plain;
  try {
    const kept = JSON.parse(text) as Partial<WallSettings> | null;
    const layout = (['auto', 'page', 'lecturer'] as const).find((known) => known === kept?.layout);
    const volume = typeof kept?.volume === 'number' ? Math.min(100, Math.max(0, kept.volume)) : 100;
    return { layout: layout ?? 'auto', volume };
  } catch {
    return plain;
  }
}
