// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { ApiError } from '@/api/client';
import { HELLO, ACK, STEP_1, STEP_2, UPDATE, CLOSE, syncFrame } from './frames';
import type { Transport } from './line';
import { markedPlans, wipeCopies } from './marks';
import { PlanConnection } from './PlanConnection';

/** The server's side of the protocol, over a document of its own. */
class Server {
  readonly doc = new Y.Doc();
  generation = 1;
  isReadOnly = false;
  acknowledges = true;
  /** So many updates of a connection; what comes after them is lost. */
  acknowledgesOnly = Infinity;
  person = 'p1';
  isSignedIn = true;
  closesWith = 0;
  tickets = 0;
  pipes: Pipe[] = [];

  connect(url: string): Pipe {
    const pipe = new Pipe(this, new URLSearchParams(url.split('?')[1]));
    this.pipes.push(pipe);
    queueMicrotask(() => pipe.begin());
    return pipe;
  }

  fetchTicket = async () => {
    this.tickets += 1;
    await Promise.resolve();
    if (!this.isSignedIn) throw new ApiError(401, 'not_logged_in', '请先登录。');
    return { ticket: 't', person_id: this.person, generation: this.generation, read_only: this.isReadOnly };
  };

  get last(): Pipe {
    return this.pipes.at(-1) as Pipe;
  }

  text(): string {
    return this.doc.getText('t').toJSON();
  }
}

class Pipe implements Transport {
  binaryType: BinaryType = 'arraybuffer';
  readyState: Transport['readyState'] = 0;
  onopen = null;
  onclose: Transport['onclose'] = null;
  onmessage: Transport['onmessage'] = null;
  updates = 0;
  heard: number[] = [];
  bytes: number[] = [];

  constructor(
    private readonly server: Server,
    readonly query: URLSearchParams,
  ) {}

  begin(): void {
    const mine = Number(this.query.get('generation'));
    if (mine && mine !== this.server.generation) return this.end(CLOSE.generation);
    this.readyState = 1;
    const hello = { generation: this.server.generation, read_only: this.server.isReadOnly };
    this.say((encoder) => {
      encoding.writeVarUint(encoder, HELLO);
      encoding.writeVarString(encoder, JSON.stringify(hello));
    });
    if (this.server.closesWith) return this.end(this.server.closesWith);
    if (!this.server.isReadOnly) this.push(syncFrame(STEP_1, Y.encodeStateVector(this.server.doc)));
  }

  say(write: (encoder: encoding.Encoder) => void): void {
    this.push(encoding.encode(write));
  }

  push(frame: Uint8Array): void {
    this.onmessage?.call(this as never, { data: frame.slice().buffer } as MessageEvent);
  }

  send(data: unknown): void {
    const decoder = decoding.createDecoder(data as Uint8Array);
    if (decoding.readVarUint(decoder) !== 0) return;
    const sub = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    this.heard.push(sub);
    if (sub === STEP_1) return this.push(syncFrame(STEP_2, Y.encodeStateAsUpdate(this.server.doc, payload)));
    this.updates += 1;
    this.bytes.push(payload.length);
    if (!this.server.acknowledges || this.updates > this.server.acknowledgesOnly) return;
    Y.applyUpdate(this.server.doc, payload);
    this.acknowledge();
  }

  acknowledge(): void {
    this.say((encoder) => {
      encoding.writeVarUint(encoder, ACK);
      encoding.writeVarUint(encoder, this.updates);
    });
  }

  close(): void {
    this.readyState = 3;
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.call(this as never, { code, reason } as CloseEvent);
  }
}

let server: Server;
const open: PlanConnection[] = [];

async function connect(person = 'p1', plan = 'plan1'): Promise<PlanConnection> {
  const made = new PlanConnection(plan, person, {
    open: (url) => server.connect(url),
    fetchTicket: server.fetchTicket,
    random: () => 0.5,
  });
  open.push(made);
  await made.start();
  await settle();
  return made;
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const text = (one: PlanConnection) => one.doc.getText('t').toJSON();
const type = (one: PlanConnection, words: string) => one.doc.getText('t').insert(text(one).length, words);

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  server = new Server();
  server.doc.getText('t').insert(0, '春眠不觉晓。');
});

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  vi.useRealTimers();
});

describe('PlanConnection', () => {
  it('shows the text, sends what is typed and counts what the server has not acknowledged', async () => {
    const one = await connect();
    expect(one.state).toMatchObject({ connection: 'online', synced: true, readOnly: false, generation: 1 });
    expect(text(one)).toBe('春眠不觉晓。');
    server.acknowledges = false;
    type(one, '处处');
    type(one, '闻啼鸟。');
    expect(one.state.unsaved).toBe(2);
    server.last.acknowledge();
    expect(one.state.unsaved).toBe(0);
  });

  it('keeps what was typed without a link, and sends it once when the link is back', async () => {
    const one = await connect();
    server.last.end(1006);
    expect(one.state).toMatchObject({ connection: 'offline', reason: 'link' });
    type(one, '处处闻啼鸟。');
    expect(one.state.unsaved).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.state).toMatchObject({ connection: 'online', unsaved: 0 });
    expect(server.text()).toBe('春眠不觉晓。处处闻啼鸟。');
    expect(server.pipes).toHaveLength(2);
  });

  it('sends what is too large for a frame in pieces, and after a link that dropped only those not saved', async () => {
    const one = await connect();
    server.last.end(1006);
    for (let n = 0; n < 30; n += 1) type(one, '没有网络的时候写了很久很久'.repeat(1_300)); // 1.5 MB
    server.acknowledgesOnly = 6;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.last.updates).toBeGreaterThan(10);
    expect(Math.max(...server.last.bytes)).toBeLessThan(256 * 1024);
    expect(one.state.unsaved).toBe(30);
    const pieces = server.last.updates;
    server.last.end(1006);
    server.acknowledgesOnly = Infinity;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.last.updates).toBeLessThanOrEqual(pieces - 5);
    expect(one.state).toMatchObject({ connection: 'online', unsaved: 0 });
    expect(server.text()).toBe(text(one));
  });

  it('keeps what was typed when the document is full, and does not come again by itself', async () => {
    const one = await connect();
    server.last.end(CLOSE.documentFull, '这份教案已达到 5 MB 上限。');
    type(one, '还没说完');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.state).toMatchObject({ connection: 'refused', reason: 'document_full', unsaved: 1 });
    expect(one.state.detail).toContain('5 MB');
    expect(server.pipes).toHaveLength(1);
    expect(text(one)).toBe('春眠不觉晓。还没说完');
  });

  it('counts an update that was sent but not acknowledged as unsaved, over a restart too', async () => {
    const one = await connect();
    server.acknowledges = false;
    type(one, '夜来');
    server.last.end(1012);
    expect(one.state.unsaved).toBe(1);
    server.acknowledges = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.state.unsaved).toBe(0);
    expect(server.text()).toBe('春眠不觉晓。夜来');
  });

  it('holds the sentence while the log-in is over, and sends it for the same person only', async () => {
    const one = await connect();
    server.isSignedIn = false;
    server.last.end(CLOSE.signedOut);
    type(one, '夜来风雨声，');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.state).toMatchObject({ connection: 'signed_out', reason: 'signed_out', unsaved: 1 });
    const tickets = server.tickets;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.tickets).toBe(tickets); // nobody hammers the server for a log-in that is over

    server.isSignedIn = true;
    server.person = 'p2';
    one.retry();
    await settle();
    expect(one.state).toMatchObject({ connection: 'signed_out', reason: 'other_person', unsaved: 1 });
    expect(server.pipes).toHaveLength(1);
    expect(server.text()).toBe('春眠不觉晓。');

    server.person = 'p1';
    one.retry();
    await settle();
    expect(one.state).toMatchObject({ connection: 'online', unsaved: 0 });
    expect(server.text()).toBe('春眠不觉晓。夜来风雨声，');
  });

  it('sends nothing to a plan that became final meanwhile, keeps it, and sends it when the plan is open again', async () => {
    const one = await connect();
    server.last.end(1006);
    type(one, '花落');
    server.isReadOnly = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.state).toMatchObject({ connection: 'online', readOnly: true, unsaved: 1 });
    expect(server.last.heard).toEqual([STEP_1]);
    server.isReadOnly = false;
    server.last.end(CLOSE.comeAgain);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.state).toMatchObject({ readOnly: false, unsaved: 0 });
    expect(server.text()).toBe('春眠不觉晓。花落');
  });

  it('does not mix a document that was made anew with the old one', async () => {
    const one = await connect();
    server.last.end(1006);
    type(one, '旧文');
    server.generation = 2;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.state).toMatchObject({ connection: 'refused', reason: 'generation', unsaved: 1 });
    expect(server.pipes).toHaveLength(2);
    expect(text(one)).toBe('春眠不觉晓。旧文'); // still there to be copied
  });

  it('waits with patience while the disk of the server is full', async () => {
    server.closesWith = CLOSE.storageFailed;
    const one = await connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.state).toMatchObject({ connection: 'offline', reason: 'disk_full' });
    expect(server.pipes.length).toBeLessThan(12);
    server.closesWith = 0;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(one.state.connection).toBe('online');
  });

  it('takes a link for dead that is silent', async () => {
    const one = await connect();
    await vi.advanceTimersByTimeAsync(44_000);
    expect(server.pipes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.pipes).toHaveLength(2);
    expect(one.state.connection).toBe('online');
  });

  it('holds what others write while an input method composes', async () => {
    const one = await connect();
    one.hold(true);
    const before = Y.encodeStateVector(server.doc);
    server.doc.getText('t').insert(0, '【晨】');
    server.last.push(syncFrame(UPDATE, Y.encodeStateAsUpdate(server.doc, before)));
    expect(text(one)).toBe('春眠不觉晓。');
    one.hold(false);
    expect(text(one)).toBe('【晨】春眠不觉晓。');
    expect(one.state.unsaved).toBe(0);
  });

  it('keeps a copy of a marked plan with what is not saved, and wipes only what is', async () => {
    vi.useRealTimers();
    const soon = () => new Promise((resolve) => setTimeout(resolve, 5));
    const made = (person: string) => {
      const one = new PlanConnection('plan2', person, {
        open: (url) => server.connect(url),
        fetchTicket: server.fetchTicket,
        random: () => 0,
      });
      open.push(one);
      return one;
    };
    const first = made('p1');
    await first.start();
    await soon();
    await first.setMarked(true);
    server.isSignedIn = false;
    server.last.end(CLOSE.signedOut);
    await soon();
    type(first, '离线写的');
    await soon();
    await first.close();
    await wipeCopies('p1');
    expect(markedPlans('p1')).toEqual({ plan2: { unsaved: true, readOnly: false } });
    expect(markedPlans('p2')).toEqual({});

    const again = made('p1');
    await again.start();
    expect(text(again)).toBe('春眠不觉晓。离线写的');
    expect(again.state).toMatchObject({ unsaved: 1, isMarked: true, readOnly: false }); // written before it connects
    server.isSignedIn = true;
    again.retry();
    await soon();
    expect(again.state).toMatchObject({ connection: 'online', unsaved: 0 });
    expect(server.text()).toBe('春眠不觉晓。离线写的');
    await again.close();
    await wipeCopies('p1');
    expect(markedPlans('p1')).toEqual({});
  });
});
