import { beforeEach, describe, expect, it } from 'vitest';
import type { ServerMessage } from '@/generated/messages';
import type { SocketState } from './machine';
import { Clock, FakeTransport, resumed, settle, welcome } from './fakeServer';
import { LessonError, LessonSocket, PING_MS, SILENCE_MS } from './socket';

describe('LessonSocket', () => {
  let clock: Clock;
  let transports: FakeTransport[];
  let states: SocketState[];
  let heard: ServerMessage[];
  let over: LessonError | null;
  let token: (fresh: boolean) => Promise<string>;
  let socket: LessonSocket;

  const current = (): FakeTransport => transports.at(-1) as FakeTransport;
  async function goLive(message = welcome()): Promise<void> {
    await settle();
    current().opens();
    current().says(message);
  }

  beforeEach(() => {
    clock = new Clock();
    transports = [];
    states = [];
    heard = [];
    over = null;
    token = () => Promise.resolve('token');
    socket = new LessonSocket({
      open: () => {
        const transport = new FakeTransport();
        transports.push(transport);
        return transport;
      },
      token: (fresh) => token(fresh),
      onMessage: (message) => heard.push(message),
      onHeard: () => undefined,
      onState: (state) => states.push(state),
      onOver: (error) => (over = error),
      timers: clock,
      random: () => 0.5,
    });
  });

  it('greets with the token and is live after the welcome', async () => {
    socket.start();
    await goLive();
    expect(current().sent[0]).toMatchObject({
      type: 'hello',
      version: 1,
      token: 'token',
      resume: '',
      last_seq: 0,
    });
    expect(states).toEqual(['connecting', 'greeting', 'live']);
    expect(heard.map((message) => message.type)).toEqual(['welcome']);
  });

  it('comes back after 0.5 s and asks to resume from the last event that was applied', async () => {
    socket.start();
    await goLive(welcome(7));
    socket.applied(9);
    current().drops();
    expect(socket.state).toBe('waiting');
    clock.advance(499);
    expect(transports).toHaveLength(1);
    clock.advance(1);
    await goLive(resumed);
    expect(current().sent[0]).toMatchObject({ type: 'hello', resume: 'r1', last_seq: 9 });
    expect(socket.state).toBe('live');
  });

  it('waits 0.5, 1, 2, 4, 4 s between failed attempts and starts over after a success', async () => {
    socket.start();
    const waits: number[] = [];
    for (const ms of [500, 1_000, 2_000, 4_000, 4_000]) {
      await settle();
      current().drops();
      const before = transports.length;
      clock.advance(ms - 1);
      await settle();
      expect(transports).toHaveLength(before);
      clock.advance(1);
      await settle();
      waits.push(transports.length - before);
    }
    expect(waits).toEqual([1, 1, 1, 1, 1]);
    await goLive();
    current().drops();
    clock.advance(500);
    await settle();
    expect(socket.state).toBe('connecting');
  });

  it('pings every 5 s and drops a path on which nothing is heard', async () => {
    socket.start();
    await goLive();
    clock.advance(PING_MS);
    expect(current().last('ping')).toMatchObject({ n: 1 });
    current().says({ type: 'pong', n: 1, t_ms: 5 });
    clock.advance(SILENCE_MS - 1);
    expect(socket.state).toBe('live');
    clock.advance(1);
    expect(socket.state).toBe('waiting');
    expect(current().closed).toBe(true);
  });

  it('gives each request its own number and the reply with that number', async () => {
    socket.start();
    await goLive();
    const first = socket.request({ type: 'say', text: '好' });
    const second = socket.request({ type: 'turn_page', page: 3 });
    const [a, b] = current().sent.slice(1) as { id: number }[];
    current().says({
      type: 'error',
      id: b?.id ?? 0,
      code: 'page_unknown',
      detail: '没有这一页。',
      fatal: false,
    });
    current().says({ type: 'ok', id: a?.id ?? 0 });
    await expect(first).resolves.toMatchObject({ type: 'ok' });
    await expect(second).rejects.toMatchObject({ code: 'page_unknown', message: '没有这一页。' });
    expect(socket.state).toBe('live');
  });

  it('fails a request that is not answered in time, and all of them when the path drops', async () => {
    socket.start();
    await goLive();
    const late = socket.request({ type: 'say', text: '一' });
    const never = expect(late).rejects.toMatchObject({ code: 'timeout' });
    for (let n = 1; n <= 2; n++) {
      clock.advance(PING_MS);
      current().says({ type: 'pong', n, t_ms: 0 });
    }
    await never;
    const cut = socket.request({ type: 'say', text: '二' });
    current().drops();
    await expect(cut).rejects.toMatchObject({ code: 'disconnected' });
    await expect(socket.request({ type: 'say', text: '三' })).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('is over for good when another window took the seat', async () => {
    socket.start();
    await goLive();
    current().says({ type: 'bye', code: 'replaced', detail: '已在别处打开。' });
    expect(over).toMatchObject({ code: 'replaced', message: '已在别处打开。' });
    expect(socket.state).toBe('closed');
    clock.advance(60_000);
    expect(transports).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });

  it('comes back when the server shuts down or found it too slow', async () => {
    socket.start();
    await goLive();
    current().says({ type: 'bye', code: 'shutdown', detail: '' });
    expect(over).toBeNull();
    expect(socket.state).toBe('waiting');
  });

  it('asks for a fresh token when the old one was refused, and gives up after three', async () => {
    const asked: boolean[] = [];
    token = (fresh) => {
      asked.push(fresh);
      return Promise.resolve('token');
    };
    socket.start();
    for (const ms of [500, 1_000, 2_000]) {
      await settle();
      current().opens();
      current().says({ type: 'error', id: 0, code: 'token_expired', detail: '', fatal: true });
      clock.advance(ms);
    }
    expect(asked).toEqual([false, true, true]);
    expect(over).toMatchObject({ code: 'token_expired' });
  });

  it('tries again when no token could be fetched, but not when it was refused', async () => {
    token = () => Promise.reject(new Error('offline'));
    socket.start();
    await settle();
    expect(socket.state).toBe('waiting');
    token = () => Promise.reject(new LessonError('not_allowed', '不行'));
    clock.advance(500);
    await settle();
    expect(over).toMatchObject({ code: 'not_allowed' });
  });

  it('tries at once when the network is back', async () => {
    socket.start();
    await goLive();
    current().drops();
    socket.hurry();
    await settle();
    expect(transports).toHaveLength(2);
    expect(clock.armed).toBe(1);
  });

  it('asks for a snapshot after a gap', async () => {
    socket.start();
    await goLive();
    socket.resync();
    clock.advance(500);
    await goLive();
    expect(current().sent[0]).toMatchObject({ resume: '', last_seq: 0 });
  });

  it('gives its seat up when it is stopped', async () => {
    socket.start();
    await goLive();
    socket.stop();
    expect(current().last('leave')).toBeDefined();
    expect(current().closed).toBe(true);
    expect(clock.armed).toBe(0);
  });

  it('does not listen to a transport that it has given up', async () => {
    socket.start();
    await goLive();
    const old = current();
    old.drops();
    clock.advance(500);
    await goLive(resumed);
    old.drops();
    old.says(welcome(99));
    expect(socket.state).toBe('live');
    expect(heard).toHaveLength(2);
  });
});
