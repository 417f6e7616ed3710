import { describe, expect, it } from 'vitest';
import { Outbox, type Batch, type Sent, type Store } from './outbox';

function memory(): Store & { full: boolean } {
  const values = new Map<string, string>();
  return {
    full: false,
    getItem: (key) => values.get(key) ?? null,
    setItem(key, value) {
      if (this.full) throw new DOMException('full', 'QuotaExceededError');
      values.set(key, value);
    },
  };
}

let made = 0;
const open = (store: Store) => new Outbox(store, 'answers', () => `device-${(made += 1)}`);
const a = (pupil: string, value: string) => ({ pupil, value });

/** A server that takes each batch of a device once, as signaling/questions_rules.py does. */
class Server {
  readonly values = new Map<string, string>();
  readonly last = new Map<string, number>();
  isUp = true;
  losesReplies = false;

  readonly send = async (batch: Batch, source: string): Promise<Sent> => {
    if (!this.isUp) return 'again';
    if (batch.revision > (this.last.get(source) ?? 0)) {
      this.last.set(source, batch.revision);
      for (const { pupil, value } of batch.answers) this.values.set(pupil, value);
    }
    return this.losesReplies ? 'again' : 'taken';
  };
}

describe('answers on their way', () => {
  it('go one after the other and are forgotten when they are taken', async () => {
    const [box, server] = [open(memory()), new Server()];
    box.give('q1', [a('p1', 'A')]);
    await box.flush(server.send);
    box.give('q1', [a('p1', 'B')]);
    await box.flush(server.send);
    expect([...server.values]).toEqual([['p1', 'B']]);
    expect(box.waiting).toEqual([]);
  });

  it('outlive an outage and a reload', async () => {
    const [store, server] = [memory(), new Server()];
    server.isUp = false;
    const before = open(store);
    before.give('q1', [a('p1', 'A'), a('p2', 'C')]);
    await before.flush(server.send);
    const after = open(store);
    expect(after.source).toBe(before.source);
    expect([...after.pending('q1')]).toEqual([
      ['p1', 'A'],
      ['p2', 'C'],
    ]);
    server.isUp = true;
    await after.flush(server.send);
    expect([...server.values]).toEqual([
      ['p1', 'A'],
      ['p2', 'C'],
    ]);
  });

  it('are not lost when only the reply was', async () => {
    const [box, server] = [open(memory()), new Server()];
    server.losesReplies = true;
    box.give('q1', [a('p1', 'A')]);
    await box.flush(server.send);
    box.give('q1', [a('p2', 'B')]); // must not be added to the batch that the server has already
    server.losesReplies = false;
    await box.flush(server.send);
    expect([...server.values]).toEqual([
      ['p1', 'A'],
      ['p2', 'B'],
    ]);
  });

  it('are put together while nothing was tried', () => {
    const box = open(memory());
    for (const value of ['A', 'B', 'C']) box.give('q1', [a('p1', value)]);
    expect(box.waiting.map((batch) => batch.answers)).toEqual([[a('p1', 'C')]]);
  });

  it('keep counts of hands apart from names', () => {
    const box = open(memory());
    box.give('q1', [a('p1', 'A')]);
    box.countHands('q1', [3, 4], 9);
    box.give('q1', [a('p2', 'A')]);
    expect(box.waiting.map((batch) => batch.revision)).toEqual([1, 2, 3]);
  });

  it('tell why the lesson did not take them, and do not block the next', async () => {
    const box = open(memory());
    box.give('q1', [a('p1', 'A')]);
    box.countHands('q1', [1], 2);
    const refusals = await box.flush(async (batch) => (batch.hands ? 'taken' : { refused: 'no such pupil' }));
    expect(refusals).toEqual(['no such pupil']);
    expect(box.waiting).toEqual([]);
  });

  it('stay on the page when the disk is full', async () => {
    const [store, server] = [memory(), new Server()];
    store.full = true;
    const box = open(store);
    box.give('q1', [a('p1', 'A')]);
    await box.flush(server.send);
    expect(server.values.get('p1')).toBe('A');
  });

  it('begin as a new device when what was kept is broken', () => {
    const store = memory();
    store.setItem('answers', '{"source":');
    expect(open(store).waiting).toEqual([]);
  });
});
