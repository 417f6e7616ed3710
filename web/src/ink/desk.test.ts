import { beforeEach, describe, expect, it } from 'vitest';
import type { Board, InkObject, Snapshot } from '@/generated/messages';
import { LessonError } from '@/session/errors';
import type { Request } from '@/session/socket';
import { NO_BOARD, stepBoard, type BoardEvent } from './board';
import { InkDesk, MAX_POINTS, SEND_MS } from './desk';
import { Keepsake } from './keepsake';
import { ORIGIN, decodePoints, encodePoints, lastOf } from './points';
import type { Sample } from './trace';

const PAGE = 'page:d1:1';
const STYLE = { tool: 'pen', colour: 1, width: 1 } as const;

/** The server's rules, as far as one writer meets them. */
class FakeServer {
  board: Board = NO_BOARD;
  isLive = true;
  loses = false;
  readonly asked: Request[] = [];
  private stroke: { n: number; text: string } | null = null;

  apply(body: BoardEvent): void {
    this.board = stepBoard(this.board, body, PAGE);
  }

  frame(text: string): boolean {
    if (!this.isLive) return false;
    if (this.loses) return true; // written to a socket that is dead already
    if (text.startsWith('~+')) {
      const [n, , , points = ''] = text.slice(2).split(';');
      this.stroke = { n: Number(n), text: points };
    } else if (text === '~-') this.stroke = null;
    else if (this.stroke) {
      this.stroke.text += text.slice(2);
      if (text.startsWith('~.')) this.finish();
    }
    return true;
  }

  finish(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.add(stroke.n, { points: stroke.text, colour: 1 });
  }

  add(n: number, object: Partial<InkObject>): void {
    if (this.board.authors.length === 0) this.apply({ kind: 'author_known', peer: 'me' });
    if (n <= (this.board.authors[0]?.last ?? 0)) return;
    this.apply({ kind: 'ink_added', object: { ...object, id: `0.${n}` } });
  }

  ask(request: Request): Promise<void> {
    if (!this.isLive || this.loses) return Promise.reject(new LessonError('disconnected', ''));
    this.asked.push(request);
    if (request.type === 'add_ink') this.add(request.n, { points: request.points, text: request.text ?? '' });
    if (request.type === 'remove_ink') this.apply({ kind: 'ink_removed', ids: request.ids, by: 'me' });
    if (request.type === 'clear_ink') this.apply({ kind: 'ink_cleared', by: 'me' });
    return Promise.resolve();
  }

  get objects(): readonly InkObject[] {
    return this.board.surfaces[0]?.objects ?? [];
  }
}

const at = (x: number, y = 100, tMs = 0): Sample => ({ x, y, pressure: 0.5, tMs });
const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

describe('the desk of a writer', () => {
  let server: FakeServer;
  let desk: InkDesk;
  let now: number;
  let timers: (() => void)[];
  let refusals: string[];

  const newDesk = (keepsake: Keepsake | null = null): InkDesk =>
    new InkDesk(
      {
        frame: (text) => server.frame(text),
        ask: (request) => server.ask(request),
        isLive: () => server.isLive,
        set: (run) => timers.push(run),
        clear: () => undefined,
        nowMs: () => now,
      },
      () => undefined,
      (words) => refusals.push(words),
      keepsake,
    );
  const hear = async (): Promise<void> => {
    desk.onRoom({ board: server.board } as Snapshot, 'me');
    await settle();
  };
  const draw = (from: number, steps = 6): void => {
    desk.begin(STYLE, PAGE, at(from));
    for (let n = 1; n <= steps; n++) {
      now += SEND_MS;
      desk.move([at(from + n * 60, 100 + (n % 2) * 40)]);
    }
    desk.end();
  };
  const away = (): void => {
    server.isLive = false;
    desk.onAway();
  };
  const back = async (): Promise<void> => {
    server.isLive = true;
    server.loses = false;
    await hear();
    desk.onBack();
    await settle();
    await hear();
  };

  beforeEach(() => {
    server = new FakeServer();
    now = 0;
    timers = [];
    refusals = [];
    desk = newDesk();
  });

  it('keeps what it draws until the board has it', async () => {
    draw(100);
    expect(desk.pendingOn(PAGE)).toHaveLength(1);
    expect(server.objects).toHaveLength(1);
    await hear();
    expect(desk.pendingOn(PAGE)).toHaveLength(0);
    expect(desk.isSettled).toBe(true);
  });

  it('sends what was drawn while the socket was away, in order and once', async () => {
    draw(100);
    await hear();
    away();
    draw(1_000);
    draw(2_000);
    expect(server.objects).toHaveLength(1);
    await back();
    await back();
    expect(server.objects.map((one) => one.id)).toEqual(['0.1', '0.2', '0.3']);
    expect(desk.isSettled).toBe(true);
  });

  it('does not send twice what arrived although no answer came', async () => {
    draw(100);
    away(); // the event was lost with the socket
    await back();
    expect(server.objects).toHaveLength(1);
    expect(server.asked).toHaveLength(0);
  });

  it('sends again what went into a dead socket', async () => {
    server.loses = true;
    draw(100);
    away();
    await back();
    expect(server.objects.map((one) => one.id)).toEqual(['0.1']);
  });

  it('goes on in another object when the server finished the stroke in the middle', async () => {
    desk.begin(STYLE, PAGE, at(100));
    for (let n = 1; n <= 4; n++) {
      now += SEND_MS;
      desk.move([at(100 + n * 60, 100 + n * n * 9)]);
    }
    server.finish(); // the socket dropped
    away();
    for (let n = 5; n <= 8; n++) desk.move([at(100 + n * 60, 100 + n * n * 9)]);
    await back();
    desk.move([at(700, 900)]);
    desk.end();
    await settle();
    await hear();
    const [first, second] = server.objects.map((one) => decodePoints(one.points ?? ''));
    expect(server.objects).toHaveLength(2);
    expect(second?.[0]).toEqual(lastOf(first ?? []));
    expect(lastOf(second ?? [])).toMatchObject({ x: 700, y: 900 });
  });

  it('completes a stroke that ended while the socket was away', async () => {
    desk.begin(STYLE, PAGE, at(100));
    now += SEND_MS;
    desk.move([at(160)]);
    server.finish();
    away();
    desk.move([at(300, 500)]);
    desk.end();
    await back();
    expect(server.objects).toHaveLength(2);
    expect(lastOf(decodePoints(server.objects[1]?.points ?? ''))).toMatchObject({ x: 300, y: 500 });
    expect(desk.isSettled).toBe(true);
  });

  it('streams nothing before what waits: the server takes numbers only as they grow', async () => {
    away();
    draw(100);
    server.isLive = true;
    draw(1_000);
    await back();
    expect(server.objects.map((one) => one.id)).toEqual(['0.1', '0.2']);
  });

  it('cuts a stroke that is too long without a gap', async () => {
    desk.begin(STYLE, PAGE, at(0));
    for (let n = 1; n <= MAX_POINTS + 50; n++) {
      now += SEND_MS;
      desk.move([at(n * 50, n % 2 ? 100 : 200)]);
    }
    desk.end();
    await hear();
    const parts = server.objects.map((one) => decodePoints(one.points ?? ''));
    expect(parts).toHaveLength(2);
    expect(parts[1]?.[0]).toEqual(lastOf(parts[0] ?? []));
  });

  it('undoes and does again, at once here and then for all', async () => {
    draw(100);
    await hear();
    desk.undo(PAGE);
    expect(desk.isHidden('0.1')).toBe(true);
    await settle();
    expect(server.objects).toHaveLength(0);
    await hear();
    expect(desk.canRedo(PAGE)).toBe(true);
    desk.redo(PAGE);
    await settle();
    expect(lastOf(server.asked)).toMatchObject({ type: 'restore_ink', ids: ['0.1'] });
  });

  it('undoes what the server does not know yet, after it does', async () => {
    away();
    draw(100);
    desk.undo(PAGE);
    expect(desk.pendingOn(PAGE)).toHaveLength(0);
    await back();
    await hear();
    expect(server.objects).toHaveLength(0);
  });

  it('undoes one’s last object after a reload', async () => {
    draw(100);
    draw(900);
    desk = newDesk();
    await hear();
    desk.undo(PAGE);
    await settle();
    expect(server.objects.map((one) => one.id)).toEqual(['0.1']);
  });

  it('shows again what it might not erase', async () => {
    draw(100);
    await hear();
    server.ask = () => Promise.reject(new LessonError('not_allowed', '只能擦除自己写的内容。'));
    desk.erase(PAGE, ['0.1']);
    expect(desk.isHidden('0.1')).toBe(true);
    await settle();
    expect(desk.isHidden('0.1')).toBe(false);
    expect(refusals).toEqual(['只能擦除自己写的内容。']);
  });

  it('forgets a stroke that is refused, with the reason', () => {
    desk.begin(STYLE, PAGE, at(100));
    desk.onInkRefused(1, '现在不能在这里书写。');
    expect(desk.open).toBeNull();
    expect(refusals).toHaveLength(1);
  });

  it('keeps over a reload what was drawn without a socket', async () => {
    const store = new Map<string, string>();
    const storage = {
      getItem: (key: string) => store.get(key) ?? null,
      setItem: (key: string, text: string) => void store.set(key, text),
      removeItem: (key: string) => void store.delete(key),
    } as unknown as Storage;
    desk = newDesk(new Keepsake('abc', 'lecturer', storage));
    away();
    draw(100);
    desk = newDesk(new Keepsake('abc', 'lecturer', storage));
    expect(desk.pendingOn(PAGE)).toHaveLength(1);
    await back();
    expect(server.objects).toHaveLength(1);
    expect(store.size).toBe(0);
  });

  it('sends a stroke whose frames, joined, are its points', () => {
    const told: string[] = [];
    server.frame = (text) => told.push(text) > 0;
    draw(100, 20);
    const joined = told
      .map((text, n) => (n === 0 ? (lastOf(text.split(';')) ?? '') : text.slice(2)))
      .join('');
    const points = desk.pendingOn(PAGE)[0]?.points ?? [];
    expect(decodePoints(joined, ORIGIN)).toEqual(points);
    expect(encodePoints(points)).toBe(joined);
  });
});
