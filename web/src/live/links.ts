import type { Link, Links, PeerId } from '@/generated/messages';

/** Return the links that are known after a notice: it replaces all of them, or those that it names. */
export function withLinks(known: ReadonlyMap<PeerId, Link>, told: Links): ReadonlyMap<PeerId, Link> {
  const next = new Map(told.whole ? [] : known);
  for (const link of told.links) next.set(link.peer, link);
  for (const peer of told.gone) next.delete(peer);
  return next;
}
