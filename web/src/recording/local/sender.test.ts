// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { ApiError } from '@/api/client';
import type { Door, Surroundings } from '@/decks/upload';
import type { Asked, Brought } from './api';
import { FakeShelf } from './fakeShelf';
import { cluster, HEAD } from './fakeWebm';
import type { Wanted } from './piece';
import { beyond } from './recorder';
import { GapSender, type Server } from './sender';
import type { Take } from './shelf';

const take: Take = {
  id: 'take',
  lesson: 'l1',
  title: '光的折射',
  peer: 'me',
  source: 'mic',
  browser: 'tab',
  begun: 1,
  until: 9e15,
};
const wanted: Wanted = { peer: 'me', source: 'mic', from_t_ms: 8_000, to_t_ms: 11_000, beside_ms: 2_000 };

async function filled(): Promise<FakeShelf> {
  const shelf = new FakeShelf();
  await shelf.begin(take);
  for (let n = 0; n < 5; n++) {
    const data = [...(n === 0 ? HEAD : []), ...cluster(n * 4_000, 40, 100)];
    await shelf.add(
      'take',
      { n, at: 4_000 * (n + 1), room: 4_000 * (n + 1) },
      new Blob([new Uint8Array(data)]),
    );
  }
  return shelf;
}

class FakeServer implements Server {
  brought: Brought[] = [];
  finished = 0;
  refusal: ApiError | null = null;

  constructor(private readonly answer: Partial<Asked>) {}

  asked(): Promise<Asked> {
    return Promise.resolve({
      state: 'open',
      is_busy: false,
      wanted: [],
      pauses: [],
      peers: ['me'],
      ...this.answer,
    });
  }

  bring(_: string, piece: Brought): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.brought.push(piece);
    return Promise.resolve();
  }

  done(): Promise<void> {
    this.finished += 1;
    return Promise.resolve();
  }
}

function world(): { around: Surroundings; sent: Blob[]; rests: number[] } {
  const sent: Blob[] = [];
  const rests: number[] = [];
  let now = 0;
  const state = (received: number, bytes: number) => ({
    id: 'u1',
    name: '',
    purpose: 'gap',
    bytes,
    received,
  });
  const door: Door = {
    begin: (_, bytes) => Promise.resolve(state(0, bytes)),
    state: () => Promise.resolve(state(0, 0)),
    piece: (_, offset, piece) => {
      now += 3_000;
      sent.push(piece);
      return Promise.resolve(offset + piece.size);
    },
    drop: () => Promise.resolve(undefined),
  };
  const memory = { get: () => null, set: () => undefined, remove: () => undefined };
  const wait = (ms: number) => {
    rests.push(ms);
    return Promise.resolve();
  };
  return { around: { door, memory, wait, now: () => now }, sent, rests };
}

const run = async (shelf: FakeShelf, server: Server, hurry = false) => {
  const { around, sent, rests } = world();
  const outcome = await new GapSender(shelf, server, around, () => undefined).run('l1', hurry);
  return { outcome, sent, rests };
};

describe('what a browser recorded, after class', () => {
  it('is deleted unsent when nothing is missing', async () => {
    const shelf = await filled();
    const server = new FakeServer({});
    const { outcome, sent } = await run(shelf, server);
    expect([outcome, sent.length, shelf.kept.size, server.finished]).toEqual([
      { state: 'done', brought: 0 },
      0,
      0,
      1,
    ]);
  });

  it('is sent where it is missing, resting between pieces, and then deleted', async () => {
    const shelf = await filled();
    const server = new FakeServer({ wanted: [wanted] });
    const { outcome, sent, rests } = await run(shelf, server);
    expect(outcome).toEqual({ state: 'done', brought: 1 });
    const whole = new Uint8Array(await new Blob(sent).arrayBuffer());
    expect([...whole.slice(0, HEAD.length)]).toEqual(HEAD);
    expect(whole.length).toBeLessThan(HEAD.length + cluster(0, 40, 100).length * 4);
    expect(rests).toEqual([3_000]);
    expect(server.brought[0]).toMatchObject({ upload: 'u1', browser: 'tab', from_t_ms: 8_000 });
    expect(shelf.kept.size).toBe(0);
  });

  it('waits for the recording, for the end of class, and for the one who recorded it', async () => {
    for (const [answer, state] of [
      [{ state: 'wait' }, 'wait'],
      [{ is_busy: true, wanted: [wanted] }, 'busy'],
      [{ peers: ['somebody'] }, 'foreign'],
    ] as const) {
      const shelf = await filled();
      const { outcome } = await run(shelf, new FakeServer(answer));
      expect([outcome.state, shelf.kept.size]).toEqual([state, 1]);
    }
  });

  it('is sent during class when a person says so, without rests', async () => {
    const server = new FakeServer({ is_busy: true, wanted: [wanted] });
    const { outcome, rests } = await run(await filled(), server, true);
    expect([outcome, rests]).toEqual([{ state: 'done', brought: 1 }, []]);
  });

  it('is not sent any more once somebody had it deleted', async () => {
    const shelf = await filled();
    const server = new FakeServer({ wanted: [wanted] });
    const { around, sent } = world();
    const sender = new GapSender(shelf, server, around, () => undefined);
    sender.hold();
    const running = sender.run('l1');
    sender.stop();
    await expect(running).rejects.toThrow();
    expect([sent.length, server.brought.length]).toEqual([0, 0]);
  });

  it('is kept when the network fails, and given up where the server will not have it', async () => {
    const shelf = await filled();
    const server = new FakeServer({ wanted: [wanted] });
    server.refusal = new ApiError(0, 'offline', '');
    await expect(run(shelf, server)).rejects.toThrow(ApiError);
    expect(shelf.kept.size).toBe(1);
    server.refusal = new ApiError(409, 'gap_broken', '');
    expect((await run(shelf, server)).outcome).toEqual({ state: 'done', brought: 0 });
    expect(shelf.kept.size).toBe(0);
  });
});

describe('recording itself', () => {
  const bounds = { mostBytes: 2e9, mostMs: 14_400_000 };

  it('is bounded by size, hours and the room that is left', () => {
    expect(beyond(bounds, 1e9, 3_600_000, 5e9)).toBeNull();
    expect(beyond(bounds, 2e9, 0, 5e9)).toBe('large');
    expect(beyond(bounds, 0, 14_400_000, 5e9)).toBe('long');
    expect(beyond(bounds, 0, 0, 1e8)).toBe('full');
    expect(beyond(bounds, 0, 0, Infinity)).toBeNull();
  });
});
