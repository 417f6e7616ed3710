/** Stands in for time, the transport and the server in tests of the socket. */
import type { ServerMessage } from '@/generated/messages';
import { NO_BOARD } from '@/ink/board';
import type { Transport } from './socket';
import type { Timers } from './timers';

/** Virtual time: timers run when the test says so. */
export class Clock implements Timers {
  now = 0;
  private next = 1;
  private readonly waiting = new Map<number, { at: number; run: () => void }>();

  set(run: () => void, ms: number): number {
    this.waiting.set(this.next, { at: this.now + ms, run });
    return this.next++;
  }

  clear(id: number): void {
    this.waiting.delete(id);
  }

  nowMs(): number {
    return this.now;
  }

  get armed(): number {
    return this.waiting.size;
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.waiting].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.waiting.delete(due[0]);
      this.now = due[1].at;
      due[1].run();
    }
    this.now = end;
  }
}

export class FakeTransport implements Transport {
  sent: Record<string, unknown>[] = [];
  closed = false;
  binaryType: BinaryType = 'blob';
  onopen: Transport['onopen'] = null;
  onclose: Transport['onclose'] = null;
  onmessage: Transport['onmessage'] = null;

  send(data: unknown): void {
    this.sent.push(JSON.parse(String(data)) as Record<string, unknown>);
  }
  close(): void {
    this.closed = true;
  }
  opens(): void {
    this.onopen?.call(null as never, null as never);
  }
  drops(): void {
    this.onclose?.call(null as never, null as never);
  }
  says(message: ServerMessage): void {
    this.onmessage?.call(null as never, { data: JSON.stringify(message) } as MessageEvent);
  }
  last(type: string): Record<string, unknown> | undefined {
    return this.sent.filter((message) => message.type === type).at(-1);
  }
}

export const welcome = (seq = 7): ServerMessage => ({
  type: 'welcome',
  you: 'p1',
  role: 'classroom',
  capabilities: ['watch'],
  resume: 'r1',
  resume_s: 180,
  snapshot: {
    seq,
    t_ms: 0,
    lesson: {
      id: 'abc',
      title: '光的折射',
      subject: '科学',
      lecturer_school: '实验小学',
      kind: 'lesson',
      paired_school: '',
      planned_minutes: 40,
      state: 'live',
      started_t_ms: 0,
      ended_t_ms: null,
    },
    deck: null,
    page: 1,
    participants: [],
    lead: null,
    called_on: null,
    chat: [],
    recording: true,
    recording_paused_t_ms: null,
    clips: [],
    clip: null,
    course: null,
    acting: null,
    rosters: [],
    absences: [],
    private_lines: [],
    voice_line: null,
    called: [],
    called_pupil: null,
    phase: 'class',
    timer: null,
    marks: [],
    quiz: { asked: [], past: [], sheets: [], sources: [] },
    board: NO_BOARD,
  },
});
export const resumed: ServerMessage = { type: 'resumed', you: 'p1', resume: 'r2', resume_s: 180, seq: 9 };
/** Let promises settle: the token is fetched asynchronously. */
export const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await Promise.resolve();
};
