/** Small rendered pictures for the tests: cards as planes before a camera, four samples a pixel. Not shipped. */
import { bitAt, BITS, SIDE, WORDS } from './codes';
import type { Gray } from './picture';

export interface FakeCard {
  card: number;
  turn: number;
  x: number;
  y: number;
  /** Pixels a side of the marker; the paper is 1.5 times as large. */
  side: number;
  /** Degrees clockwise. */
  roll?: number;
  /** How much narrower the right side is than the left one, 0..1. */
  away?: number;
  paper?: number;
  ink?: number;
  /** The share of the marker that lies in a shadow half as bright, from the left. */
  shadow?: number;
}

export interface FakeScene {
  width: number;
  height: number;
  ground: number;
  cards: FakeCard[];
  /** Shades of the noise, by a small seeded generator. */
  noise?: number;
}

export function fakePicture(scene: FakeScene): Gray {
  const { width, height } = scene;
  const pixels = new Uint8Array(width * height);
  let random = 12345;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (let sample = 0; sample < 4; sample += 1)
        sum += shadeOf(scene, x - 0.25 + (sample & 1) * 0.5, y - 0.25 + (sample >> 1) * 0.5);
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
      const noise = (random / 2 ** 32 - 0.5) * 2 * (scene.noise ?? 0);
      pixels[y * width + x] = Math.max(0, Math.min(255, Math.round(sum / 4 + noise)));
    }
  return { width, height, pixels };
}

/** Paint a rectangle over a picture: a hand, a head. */
export function cover(gray: Gray, x: number, y: number, wide: number, high: number, shade: number): Gray {
  for (let row = y; row < y + high; row += 1)
    gray.pixels.fill(shade, row * gray.width + x, row * gray.width + x + wide);
  return gray;
}

function shadeOf(scene: FakeScene, x: number, y: number): number {
  for (const card of scene.cards) {
    const place = onCard(card, x, y);
    if (place) return cardShade(card, ...place);
  }
  return scene.ground;
}

/** Return where on the card a pixel is: ±1 is the edge of the marker; null when it is not on the paper. */
function onCard(card: FakeCard, x: number, y: number): [number, number] | null {
  const angle = ((card.roll ?? 0) * Math.PI) / 180;
  const dx = ((x - card.x) * Math.cos(angle) + (y - card.y) * Math.sin(angle)) / (card.side / 2);
  const dy = (-(x - card.x) * Math.sin(angle) + (y - card.y) * Math.cos(angle)) / (card.side / 2);
  const depth = 1 - ((card.away ?? 0) / 2) * dx;
  const u = dx / depth;
  const v = dy / depth;
  return Math.abs(u) <= 1.5 && Math.abs(v) <= 1.5 ? [u, v] : null;
}

function cardShade(card: FakeCard, u: number, v: number): number {
  const light = u < (card.shadow ?? 0) * 2 - 1 ? 0.5 : 1;
  const paper = (card.paper ?? 210) * light;
  const ink = (card.ink ?? 30) * light;
  const row = Math.floor(((v + 1) / 2) * SIDE);
  const column = Math.floor(((u + 1) / 2) * SIDE);
  if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) return paper;
  if (row === 0 || column === 0 || row > BITS || column > BITS) return ink;
  return bitAt(WORDS[card.card * 4 + card.turn] ?? 0, row - 1, column - 1) ? paper : ink;
}
