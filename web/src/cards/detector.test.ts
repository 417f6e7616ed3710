import { describe, expect, it } from 'vitest';
import { CardDetector } from './detector';
import { cover, fakePicture, type FakeCard, type FakeScene } from './fakePicture';

const SIZE = { width: 320, height: 240, ground: 90 };

function one(card: Partial<FakeCard>, scene: Partial<FakeScene> = {}): FakeScene {
  return { ...SIZE, ...scene, cards: [{ card: 17, turn: 1, x: 160, y: 120, side: 60, ...card }] };
}

function read(scene: FakeScene): string[] {
  const found = new CardDetector(scene.width, scene.height).detect(fakePicture(scene));
  return found.filter((one) => one.state === 'read').map(({ card, turn }) => `${card}:${turn}`);
}

describe('a card', () => {
  it.each([0, 1, 2, 3])('is read with edge %i up', (turn) => {
    expect(read(one({ turn }))).toEqual([`17:${turn}`]);
  });

  it.each([
    ['far away', { side: 22 }],
    ['near', { side: 130 }],
    ['held slanting', { roll: -24 }],
    ['turned away', { away: 0.35 }],
    ['half in the shadow', { shadow: 0.45 }],
    ['dark before a bright window', { paper: 130, ink: 25 }, { ground: 250 }],
    ['in the dusk', { paper: 62, ink: 14 }, { ground: 30, noise: 6 }],
  ] as [string, Partial<FakeCard>, Partial<FakeScene>?][])('is read %s', (_, card, scene) => {
    expect(read(one(card, scene))).toEqual(['17:1']);
  });

  it('is found where it is', () => {
    const [found] = new CardDetector(320, 240).detect(fakePicture(one({ side: 70, turn: 0 })));
    const wanted = [125, 85, 195, 85, 195, 155, 125, 155];
    expect(found?.corners.map((at, i) => Math.abs(at + 0.5 - (wanted[i] ?? 0)) < 1)).toEqual(
      Array(8).fill(true),
    );
    expect(found?.side).toBeGreaterThan(67);
    expect(found?.side).toBeLessThan(73);
  });

  it('is not guessed when it is held at half a turn', () => {
    const [found] = new CardDetector(320, 240).detect(fakePicture(one({ roll: 44 })));
    expect(found?.state).toBe('tilted');
  });

  it.each([
    ['a corner', 125, 85, 24, 24],
    ['a side', 125, 100, 12, 40],
    ['the lower half', 125, 125, 70, 40],
    ['the middle', 146, 106, 28, 28],
  ])('is never read wrong with a hand over %s', (_, x, y, wide, high) => {
    const detector = new CardDetector(320, 240);
    for (const shade of [20, 150, 240]) {
      for (let card = 0; card < 60; card += 11) {
        const picture = cover(fakePicture(one({ card, side: 70 })), x, y, wide, high, shade);
        for (const found of detector.detect(picture))
          if (found.state === 'read') expect([found.card, found.turn]).toEqual([card, 1]);
      }
    }
  });
});

describe('a picture', () => {
  it('may show many cards, and one of them twice', () => {
    const cards = [3, 59, 59, 0].map((card, i) => ({
      card,
      turn: i % 4,
      x: 50 + 72 * i,
      y: 90 + 20 * i,
      side: 34,
    }));
    expect(read({ ...SIZE, cards }).sort()).toEqual(['0:3', '3:0', '59:1', '59:2']);
  });

  it('without a card shows none: a window, noise, nothing', () => {
    const detector = new CardDetector(320, 240);
    expect(detector.detect(fakePicture({ ...SIZE, cards: [] }))).toEqual([]);
    expect(detector.detect(fakePicture({ ...SIZE, cards: [], noise: 60 }))).toEqual([]);
    const window = cover(cover(fakePicture({ ...SIZE, cards: [] }), 80, 60, 90, 90, 20), 95, 75, 60, 60, 250);
    expect(detector.detect(window).filter((found) => found.state !== 'unclear')).toEqual([]);
  });

  it('of a mirrored card, as it shines through the paper, is not read', () => {
    const detector = new CardDetector(320, 240);
    for (let card = 0; card < 60; card += 3) {
      const straight = fakePicture(one({ card, side: 48 }));
      const pixels = straight.pixels.map((_, i, all) => all[i - (i % 320) + 319 - (i % 320)] ?? 0);
      expect(detector.detect({ ...straight, pixels }).filter((found) => found.state === 'read')).toEqual([]);
    }
  });
});
