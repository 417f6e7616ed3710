/** PlanConnection owns a plan's document in this browser and the socket that keeps it the same as everybody's.
 *
 *  What a person typed is held until the server has it on its disk (`unsaved` counts it down), through lost links,
 *  restarts, a full disk and a log-in that ran out in the middle of a sentence. After that the words wait, and are sent
 *  when the same person is logged in again; somebody else who logs in here never sends them as theirs.
 *  Tabs of one browser never exchange edits with each other: two people may be logged in there one after the other. */
import { shallowReactive } from 'vue';
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';
import * as Y from 'yjs';
import { ApiError, request } from '@/api/client';
import { cut } from './cut';
import { OfflineCopy } from './offlineCopy';
import { Line, type LineParts } from './line';
import {
  CLOSE,
  STEP_1,
  STEP_2,
  UPDATE,
  awarenessFrame,
  readFrame,
  syncFrame,
  type Frame,
  type Hello,
} from './frames';

export type ConnectionState = 'connecting' | 'online' | 'offline' | 'signed_out' | 'refused';

/** Why it is not online. */
export type Reason =
  | ''
  | 'link' // no network, or the server is away: it is tried again
  | 'disk_full' // the server's disk is full: nothing is saved, it is tried again
  | 'signed_out' // the log-in is over
  | 'other_person' // somebody else is logged in here now
  | 'forbidden' // not (or no longer) theirs to read
  | 'generation' // the document was made anew meanwhile
  | 'document_full' // it has its 5 MB
  | 'too_big' // one thing in it is more than a frame may hold
  | 'malformed'; // the server did not understand this page: it is older or newer than the server

export interface PlanState {
  connection: ConnectionState;
  reason: Reason;
  /** What the server said, for people; empty: nothing. */
  detail: string;
  /** Whether the document is what the server had when it connected last. */
  synced: boolean;
  readOnly: boolean;
  /** How many updates the server has not acknowledged. */
  unsaved: number;
  generation: number;
  /** Whether a copy is kept in this browser. */
  isMarked: boolean;
}

interface Ticket {
  ticket: string;
  person_id: string;
  generation: number;
  read_only: boolean;
}

export interface PlanParts extends LineParts {
  fetchTicket: (planId: string) => Promise<Ticket>;
}

const fromBrowser = (): PlanParts => ({
  fetchTicket: (planId) => request<Ticket>('POST', `/api/plans/${encodeURIComponent(planId)}/ticket`),
  open: (url) => new WebSocket(url),
  random: Math.random,
});

export class PlanConnection {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly state: PlanState = shallowReactive({
    connection: 'connecting',
    reason: '',
    detail: '',
    synced: false,
    readOnly: true,
    unsaved: 0,
    generation: 0,
    isMarked: false,
  });

  private readonly parts: PlanParts;
  private readonly line: Line;
  private copy: OfflineCopy | null = null;
  /** Local updates so far, and how many of them the server has. */
  private made = 0;
  private saved = 0;
  /** For each frame of this connection that carries updates: up to which local update it goes. */
  private sent: number[] = [];
  private answered = 0;
  private isGreeted = false;
  private isHeld = false;
  private held: Uint8Array[] = [];
  private isClosed = false;

  constructor(
    readonly planId: string,
    readonly personId: string,
    parts: Partial<PlanParts> = {},
  ) {
    this.parts = { ...fromBrowser(), ...parts };
    this.line = new Line(this.parts, {
      address: () => this.address(),
      onFrame: (data) => this.onFrame(data),
      onDown: (code, reason) => this.onDown(code, reason),
    });
    this.doc.on('update', this.onUpdate);
    this.awareness.on('update', this.onAwareness);
  }

  /** Open the copy of this browser, if the plan is marked, then connect. The text of a copy is there when it resolves. */
  async start(): Promise<void> {
    if (OfflineCopy.isMarked(this.personId, this.planId)) await this.openCopy();
    if (!this.isClosed) this.line.start();
  }

  /** Connect now: after logging in again, or because somebody asked for it. */
  retry(): void {
    if (!this.isClosed && this.state.connection !== 'online') this.line.start();
  }

  /** Keep a copy in this browser for writing without a network, or keep none any more. */
  async setMarked(isMarked: boolean): Promise<void> {
    if (isMarked && !this.copy) await this.openCopy();
    if (!isMarked && this.copy) {
      const copy = this.copy;
      this.copy = null;
      this.state.isMarked = false;
      await copy.forget();
    }
  }

  /** Hold what others write back while an input method composes: the text under it must not move. At most a moment. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (isHeld) return;
    for (const update of this.held.splice(0)) this.take(update);
  }

  /** End it. What is not saved stays in the copy, if there is one. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.hold(false);
    removeAwarenessStates(this.awareness, [this.doc.clientID], 'closing');
    this.line.stop();
    this.awareness.destroy();
    this.doc.off('update', this.onUpdate);
    await this.copy?.close();
    this.doc.destroy();
  }

  // --- going up

  private async address(): Promise<string | null> {
    this.state.connection = 'connecting';
    try {
      const ticket = await this.parts.fetchTicket(this.planId);
      if (ticket.person_id !== this.personId) return this.stop('signed_out', 'other_person');
      const query = new URLSearchParams({ ticket: ticket.ticket, generation: String(this.state.generation) });
      return `/api/plans/${encodeURIComponent(this.planId)}/socket?${query.toString()}`;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500 || error.status === 429)
        throw error;
      this.state.detail = error.message;
      if (error.status !== 401) return this.stop('refused', 'forbidden');
      return this.stop('signed_out', error.code === 'other_person' ? 'other_person' : 'signed_out');
    }
  }

  private stop(connection: ConnectionState, reason: Reason): null {
    Object.assign(this.state, { connection, reason });
    return null;
  }

  private onDown(code: number, detail: string): boolean {
    this.sent = [];
    this.answered = 0;
    this.isGreeted = false;
    this.forgetOthers();
    const [connection, reason, goesOn] = afterClose(code);
    Object.assign(this.state, { connection, reason, detail });
    return goesOn;
  }

  private forgetOthers(): void {
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
  }

  // --- what comes in

  private onFrame(data: ArrayBuffer): void {
    const frame = readFrame(data);
    if (frame) this.serve(frame);
  }

  private serve(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
        this.greet(frame.hello);
        break;
      case 'ack':
        this.onAck(frame.frames);
        break;
      case 'awareness':
        applyAwarenessUpdate(this.awareness, frame.update, this);
        break;
      case 'sync':
        if (frame.sub === STEP_1) this.sendUpdates(STEP_2, Y.encodeStateAsUpdate(this.doc, frame.payload));
        else {
          if (this.isHeld) this.held.push(frame.payload);
          else this.take(frame.payload);
          if (frame.sub === STEP_2) this.state.synced = true;
        }
    }
  }

  private take(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, this);
  }

  private greet(hello: Hello): void {
    this.isGreeted = true;
    this.state.generation = hello.generation;
    this.copy?.setGeneration(hello.generation);
    this.copy?.setReadOnly(hello.read_only);
    Object.assign(this.state, { readOnly: hello.read_only, connection: 'online', reason: '', detail: '' });
    this.line.send(syncFrame(STEP_1, Y.encodeStateVector(this.doc)));
    if (this.awareness.getLocalState() !== null) this.sendAwareness([this.doc.clientID]);
  }

  private onAck(frames: number): void {
    if (frames <= this.answered) return;
    this.saved = Math.max(this.saved, this.sent[frames - this.answered - 1] ?? this.saved);
    this.sent.splice(0, frames - this.answered);
    this.answered = frames;
    this.count();
  }

  // --- what goes out

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || OfflineCopy.isOrigin(origin)) return;
    this.made += 1;
    this.count();
    if (this.isGreeted && !this.state.readOnly) this.sendUpdates(UPDATE, update);
  };

  private sendUpdates(sub: number, update: Uint8Array): void {
    if (this.state.readOnly) return; // kept here, and sent when the plan is open again
    const pieces = cut(update);
    pieces.forEach((piece, at) => {
      this.sent.push(at === pieces.length - 1 ? this.made : this.saved);
      this.line.send(syncFrame(sub, piece));
    });
  }

  private readonly onAwareness = (
    { added, updated, removed }: { added: number[]; updated: number[]; removed: number[] },
    origin: unknown,
  ): void => {
    if (origin === this || !this.isGreeted) return;
    const own = [...added, ...updated, ...removed].filter((id) => id === this.doc.clientID);
    if (own.length) this.sendAwareness(own);
  };

  private sendAwareness(ids: number[]): void {
    this.line.send(awarenessFrame(encodeAwarenessUpdate(this.awareness, ids)));
  }

  private count(): void {
    const unsaved = this.made - this.saved;
    if ((unsaved === 0) !== (this.state.unsaved === 0)) this.copy?.setUnsaved(unsaved > 0);
    this.state.unsaved = unsaved;
  }

  private async openCopy(): Promise<void> {
    const copy = await OfflineCopy.open(this.personId, this.planId, this.doc);
    if (this.isClosed) return copy.close();
    this.copy = copy;
    this.state.isMarked = true;
    if (this.state.generation) {
      copy.setGeneration(this.state.generation);
      copy.setReadOnly(this.state.readOnly);
    } else {
      this.state.generation = copy.generation;
      this.state.readOnly = copy.wasReadOnly; // until the server says
    }
    if (copy.wasUnsaved) this.made += 1; // of a page that was closed before the server had it
    this.count();
    copy.setUnsaved(this.made > this.saved);
  }
}

/** What a close means: the state, why, and whether it is tried again by itself. */
function afterClose(code: number): [ConnectionState, Reason, boolean] {
  switch (code) {
    case CLOSE.signedOut: // the next ticket tells whether the log-in is over, or only the socket's time
    case CLOSE.comeAgain:
    case CLOSE.forbidden: // what we may do has changed: the next hello tells
      return ['connecting', '', true];
    case CLOSE.generation:
      return ['refused', 'generation', false];
    case CLOSE.documentFull:
      return ['refused', 'document_full', false];
    case CLOSE.tooBig:
      return ['refused', 'too_big', false];
    case CLOSE.malformed:
      return ['refused', 'malformed', false];
    case CLOSE.storageFailed:
      return ['offline', 'disk_full', true];
    default:
      return ['offline', 'link', true];
  }
}
