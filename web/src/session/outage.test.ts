import { beforeEach, describe, expect, it } from 'vitest';
import type { ReportPlayback } from '@/generated/messages';
import { Clock, FakeTransport, resumed, settle, welcome } from './fakeServer';
import { CHECK_MS, DOUBTED_SILENCE_MS, LessonSocket, PING_MS, SILENCE_MS } from './socket';

describe('LessonSocket on a link that goes away', () => {
  let clock: Clock;
  let transports: FakeTransport[];
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
    socket = new LessonSocket({
      open: () => {
        const transport = new FakeTransport();
        transports.push(transport);
        return transport;
      },
      token: () => Promise.resolve('token'),
      onMessage: () => undefined,
      onHeard: () => undefined,
      onState: () => undefined,
      onOver: () => undefined,
      timers: clock,
      random: () => 0.5,
    });
  });

  it('makes a connection anew that says nothing when the network may have changed', async () => {
    socket.start();
    await goLive();
    socket.hurry();
    expect(current().last('ping')).toBeDefined();
    clock.advance(CHECK_MS.least);
    expect(socket.state).toBe('waiting');
    clock.advance(100);
    await settle();
    expect(transports).toHaveLength(2);
  });

  it('leaves one alone that answers', async () => {
    socket.start();
    await goLive();
    socket.hurry();
    clock.advance(CHECK_MS.least - 1);
    current().says({ type: 'pong', n: 1, t_ms: 5 });
    clock.advance(PING_MS - 1);
    expect(socket.state).toBe('live');
  });

  it('gives a silent connection up earlier while media does not arrive either', async () => {
    socket.start();
    await goLive();
    clock.advance(2_000);
    for (let n = 0; n < 4; n++) socket.doubt();
    expect(current().sent.filter(({ type }) => type === 'ping')).toHaveLength(1);
    clock.advance(DOUBTED_SILENCE_MS - 2_000 - 1);
    expect(socket.state).toBe('live');
    clock.advance(1);
    expect(socket.state).toBe('waiting');
  });

  it('asks again each second while nothing answers: TCP alone would wait longer and longer', async () => {
    socket.start();
    await goLive();
    clock.advance(SILENCE_MS);
    const before = transports.length;
    for (let n = 0; n < 100; n++) {
      clock.advance(100);
      await settle();
    }
    expect(transports.length - before).toBeGreaterThanOrEqual(5);
    await goLive(resumed);
    expect(socket.state).toBe('live');
  });

  it('comes back within a second while media waits for it, also where it is refused', async () => {
    socket.start();
    await goLive();
    socket.setUrgent(true);
    for (let n = 0; n < 6; n++) {
      const before = transports.length;
      current().drops();
      for (let step = 0; step < 10; step++) {
        clock.advance(100);
        await settle();
      }
      expect(transports.length).toBeGreaterThan(before);
    }
  });

  it('tells only while there is a connection', async () => {
    const report = { type: 'report_playback', session: 'abcdefgh' } as ReportPlayback;
    socket.start();
    expect(socket.tell(report)).toBe(false);
    await goLive();
    expect(socket.tell(report)).toBe(true);
    expect(current().last('report_playback')).toEqual(report);
  });
});
