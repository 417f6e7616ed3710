/** What was asked of the server and is not answered yet: each by its number and within a time limit. */
import type { LessonError } from './errors';
import type { Timers } from './timers';

interface OpenRequest<R> {
  resolve: (reply: R) => void;
  reject: (error: LessonError) => void;
  timer: number;
}

export class OpenRequests<R> {
  private readonly open = new Map<number, OpenRequest<R>>();

  constructor(
    private readonly timers: Timers,
    private readonly limitMs: number,
    private readonly timeout: () => LessonError,
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** Return the reply to request `id`, which is sent by the caller. */
  wait(id: number): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = this.timers.set(() => {
        this.open.delete(id);
        reject(this.timeout());
      }, this.limitMs);
      this.open.set(id, { resolve, reject, timer });
    });
  }

  resolve(id: number, reply: R): void {
    this.take(id)?.resolve(reply);
  }

  reject(id: number, error: LessonError): void {
    this.take(id)?.reject(error);
  }

  rejectAll(error: () => LessonError): void {
    for (const id of [...this.open.keys()]) this.reject(id, error());
  }

  private take(id: number): OpenRequest<R> | undefined {
    const found = this.open.get(id);
    if (found) {
      this.open.delete(id);
      this.timers.clear(found.timer);
    }
    return found;
  }
}
