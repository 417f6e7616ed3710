/** The page of bench/cards.py: gives pictures to the shipped reader and its votes, and says what they made of them. */
import { CardReader } from '@/cards/reader';
import { CardVotes } from '@/cards/votes';

const FRAME_MS = 200; // as the scanner takes pictures

interface SceneRead {
  pictures: { tookMs: number; wholeMs: number; sightings: unknown[] }[];
  standings: { card: number; turn: number | null; doubt: string | null }[];
}

const reader = new CardReader();

/** Read the pictures of one scene one after the other. */
async function readScene(addresses: string[]): Promise<SceneRead> {
  const votes = new CardVotes();
  const pictures: SceneRead['pictures'] = [];
  for (const [place, address] of addresses.entries()) {
    const bitmap = await createImageBitmap(await (await fetch(address)).blob());
    const begun = performance.now();
    const look = await reader.read(bitmap);
    if (!look) throw new Error(`the reader gave up on ${address}`);
    votes.see(look.sightings, place * FRAME_MS);
    pictures.push({
      tookMs: look.tookMs,
      wholeMs: performance.now() - begun,
      sightings: look.sightings,
    });
  }
  const standings = votes.cards().map((card) => {
    const standing = votes.of(card);
    return { card, turn: standing?.turn ?? null, doubt: standing?.doubt ?? null };
  });
  return { pictures, standings };
}

Object.assign(window, { readScene });
