import { describe, expect, it } from 'vitest';
import { handIn, type Ways } from './leftovers';
import { Outbox, type Batch } from './outbox';
import type { Whose } from './outboxes';
import type { KeptPhoto } from './photoStore';

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

const ROOM: Whose = { lesson: 'abcd2345', classroom: 'room1' };
const OTHER: Whose = { lesson: 'efgh6789', classroom: 'room1' };
const a = (pupil: string, value: string) => ({ pupil, value });

/** A phone with its outboxes and photos, and a server that keeps each batch of an ended lesson once. */
class World {
  readonly boxes = new Map<string, Outbox>();
  readonly shelf: KeptPhoto[] = [];
  readonly values = new Map<string, string>();
  readonly seen = new Set<string>();
  readonly going = new Set<string>();
  sentPhotos = 0;
  fail: Refusal | null = null;
  losesReplies = false;

  box({ lesson, classroom }: Whose): Outbox {
    const key = `${lesson}.${classroom}`;
    const store = { getItem: () => null, setItem: () => undefined };
    const box = this.boxes.get(key) ?? new Outbox(store, key, () => `device-${key}`);
    this.boxes.set(key, box);
    return box;
  }

  photo(whose: Whose, pupil: string): void {
    this.shelf.push({ key: pupil, ...whose, question: 'q-photo', pupil, photo: new Blob(['x']) });
  }

  readonly ways: Ways = {
    kept: () =>
      [...this.boxes.keys()].map((key) => {
        const [lesson = '', classroom = ''] = key.split('.');
        return { lesson, classroom };
      }),
    open: (whose) => this.box(whose),
    photos: {
      all: async () => [...this.shelf],
      remove: async (photo) => void this.shelf.splice(this.shelf.indexOf(photo), 1),
    },
    addPhoto: async (photo) => {
      if (this.fail) throw this.fail;
      this.sentPhotos += 1;
      return { id: `photo-of-${photo.pupil}` };
    },
    hand: async (whose, batch: Batch, source) => {
      if (this.fail) throw this.fail;
      if (this.going.has(whose.lesson)) throw new Refusal(409, 'lesson_state', '还没有下课');
      const name = `${source}/${batch.revision}`;
      const isNew = !this.seen.has(name);
      this.seen.add(name);
      if (isNew)
        for (const { pupil, value } of batch.answers) this.values.set(`${whose.lesson}/${pupil}`, value);
      if (this.losesReplies) throw new Refusal(0, 'offline', '');
      return { is_new: isNew };
    },
    failure: (error) => (error instanceof Refusal ? error : null),
  };
}

const NOTHING = { answers: 0, refusals: [], waiting: 0 };

describe('answers left on a phone after the lesson', () => {
  it('are handed in for each lesson, and only once', async () => {
    const world = new World();
    world.box(ROOM).give('q1', [a('p1', 'A'), a('p2', 'B')]);
    world.box(OTHER).countHands('q1', [3, 4], 9);
    expect(await handIn(world.ways)).toEqual({ answers: 3, refusals: [], waiting: 0 });
    expect([...world.values]).toEqual([
      ['abcd2345/p1', 'A'],
      ['abcd2345/p2', 'B'],
    ]);
    expect(await handIn(world.ways)).toEqual(NOTHING);
    expect(world.seen.size).toBe(2);
  });

  it('stay for the connection of a lesson that goes on', async () => {
    const world = new World();
    world.going.add(ROOM.lesson);
    world.box(ROOM).give('q1', [a('p1', 'A')]);
    world.box(OTHER).give('q1', [a('p9', 'B')]);
    expect(await handIn(world.ways)).toEqual({ answers: 1, refusals: [], waiting: 0 });
    expect(world.box(ROOM).waiting).toHaveLength(1);
  });

  it('wait while the line is down, and count once though a reply was lost', async () => {
    const world = new World();
    world.box(ROOM).give('q1', [a('p1', 'A'), a('p2', 'B')]);
    world.losesReplies = true;
    expect(await handIn(world.ways)).toEqual({ answers: 0, refusals: [], waiting: 2 });
    world.losesReplies = false;
    expect(await handIn(world.ways)).toEqual(NOTHING); // the server has them already
    expect(world.box(ROOM).waiting).toEqual([]);
  });

  it('are not thrown away because somebody else is logged in', async () => {
    const world = new World();
    world.box(ROOM).give('q1', [a('p1', 'A')]);
    for (const [status, code] of [
      [401, 'not_logged_in'],
      [403, 'not_allowed'],
      [404, 'lesson_unknown'],
    ] as const) {
      world.fail = new Refusal(status, code, '');
      expect(await handIn(world.ways)).toEqual(NOTHING);
    }
    world.fail = null;
    expect((await handIn(world.ways)).answers).toBe(1);
  });

  it('are let go when the server refuses them for good, with the reason', async () => {
    const world = new World();
    world.box(ROOM).give('q1', [a('p1', 'A')]);
    world.fail = new Refusal(422, 'answer_invalid', '名单里没有这些学生');
    expect(await handIn(world.ways)).toEqual({ answers: 0, refusals: ['名单里没有这些学生'], waiting: 0 });
    expect(world.box(ROOM).waiting).toEqual([]);
  });

  it('take photos with them, whose answers follow', async () => {
    const world = new World();
    world.photo(ROOM, 'p1');
    world.photo(ROOM, 'p2');
    expect(await handIn(world.ways)).toEqual({ answers: 2, refusals: [], waiting: 0 });
    expect(world.values.get('abcd2345/p2')).toBe('photo-of-p2');
    expect(world.shelf).toEqual([]);
  });

  it('keep photos that could not go, and send none while answers before them wait', async () => {
    const world = new World();
    world.box(ROOM).give('q1', [a('p1', 'A')]);
    world.photo(ROOM, 'p2');
    world.fail = new Refusal(0, 'offline', '');
    expect(await handIn(world.ways)).toEqual({ answers: 0, refusals: [], waiting: 2 });
    expect([world.sentPhotos, world.shelf.length]).toEqual([0, 1]);
  });
});
