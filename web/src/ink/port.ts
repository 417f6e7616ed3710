/** What the desk of a writer needs of the world, and what it asks for. */
import type { Request } from '@/session/socket';

export interface InkPort {
  /** Send a frame; false: there is no socket now. */
  frame(text: string): boolean;
  ask(request: Request): Promise<unknown>;
  isLive(): boolean;
  set(run: () => void, ms: number): number;
  clear(timer: number): void;
  nowMs(): number;
}

/** What waits to be asked of the server. */
export type Op =
  | { kind: 'add'; n: number }
  | { kind: 'remove'; surface: string; ids: readonly string[]; ns: readonly number[] }
  | { kind: 'restore'; surface: string; ids: readonly string[]; ns: readonly number[] }
  | { kind: 'clear'; surface: string };
