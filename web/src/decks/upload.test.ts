// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { ApiError } from '@/api/client';
import { Cancelled, ResumableUpload, fileKey, type Door, type Memory, type Progress } from './upload';

const SIZE = 900_000;
const bytes = new Uint8Array(SIZE).map((_, i) => i % 251);
const file = () => new File([bytes], '光的折射.pdf', { lastModified: 7 });
const isWhole = (server: Server) => {
  const held = server.held.get('u1') ?? [];
  return held.length === SIZE && held.every((byte, i) => byte === bytes[i]);
};
const offline = () => new ApiError(0, 'offline', '网络断了');

/** A server that keeps what it is sent, and breaks as it is told to. */
class Server implements Door {
  held = new Map<string, number[]>();
  begun = 0;
  broken: ((offset: number) => { keep: number; error: ApiError } | null) | null = null;

  begin() {
    const id = `u${++this.begun}`;
    this.held.set(id, []);
    return Promise.resolve({ id, bytes: SIZE, received: 0 });
  }
  state(id: string) {
    const held = this.held.get(id);
    if (!held) return Promise.reject(new ApiError(404, 'upload_unknown', '没有'));
    return Promise.resolve({ id, bytes: SIZE, received: held.length });
  }
  async piece(id: string, offset: number, piece: Blob) {
    const held = this.held.get(id);
    if (!held) throw new ApiError(404, 'upload_unknown', '没有');
    if (offset !== held.length) throw new ApiError(409, 'upload_offset', '接着传');
    const data = new Uint8Array(await piece.arrayBuffer());
    const broken = this.broken?.(offset) ?? null;
    for (const byte of broken ? data.slice(0, broken.keep) : data) held.push(byte);
    if (broken) throw broken.error;
    return held.length;
  }
  drop(id: string) {
    this.held.delete(id);
    return Promise.resolve(undefined);
  }
}

function world(server: Server, memory = new Map<string, string>()) {
  const waits: number[] = [];
  const seen: Progress[] = [];
  const kept: Memory = {
    get: (key) => memory.get(key) ?? null,
    set: (key, id) => void memory.set(key, id),
    remove: (key) => void memory.delete(key),
  };
  const around = {
    door: server,
    memory: kept,
    now: () => 0,
    wait: (ms: number) => (waits.push(ms), Promise.resolve()),
  };
  const upload = new ResumableUpload(file(), 'deck', around, (progress) => void seen.push(progress));
  return { upload, memory, waits, seen };
}

describe('an upload', () => {
  it('brings the whole file in growing pieces', async () => {
    const server = new Server();
    const { upload, seen } = world(server);
    expect(await upload.run()).toBe('u1');
    expect(isWhole(server)).toBe(true);
    expect(seen.at(-1)).toEqual({ sent: SIZE, waiting: false });
  });

  it('goes on behind what came of a piece that was cut', async () => {
    const server = new Server();
    let cuts = 3;
    server.broken = (offset) => (offset > 0 && cuts-- > 0 ? { keep: 10_001, error: offline() } : null);
    const { upload, seen } = world(server);
    await upload.run();
    expect(isWhole(server)).toBe(true);
    expect(seen.some((progress) => progress.waiting)).toBe(true);
  });

  it('goes on after a reload of the page when the same file is picked', async () => {
    const server = new Server();
    server.broken = (offset) =>
      offset > 0 ? { keep: 5, error: new ApiError(403, 'not_allowed', '不行') } : null;
    const first = world(server);
    await expect(first.upload.run()).rejects.toThrow('不行');
    server.broken = null;
    const second = world(server, first.memory);
    expect(await second.upload.run()).toBe('u1');
    expect(server.begun).toBe(1);
    expect(isWhole(server)).toBe(true);
  });

  it('begins anew when the server has forgotten it', async () => {
    const server = new Server();
    const { upload } = world(server, new Map([[fileKey(file(), 'deck'), 'gone']]));
    expect(await upload.run()).toBe('u1');
  });

  it('waits longer and longer while nobody answers', async () => {
    const server = new Server();
    let silent = 7;
    const state = server.begin.bind(server);
    server.begin = () => (silent-- > 0 ? Promise.reject(offline()) : state());
    const { upload, waits } = world(server);
    await upload.run();
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });

  it('stops at a refusal and at a full disk, and says why', async () => {
    const server = new Server();
    server.broken = () => ({ keep: 0, error: new ApiError(507, 'disk_full', '磁盘满') });
    await expect(world(server).upload.run()).rejects.toThrow('磁盘满');
  });

  it('is forgotten when it is cancelled', async () => {
    const server = new Server();
    const { upload, memory } = world(server);
    server.broken = () => {
      upload.cancel();
      return { keep: 0, error: offline() };
    };
    await expect(upload.run()).rejects.toThrow(Cancelled);
    expect(memory.size).toBe(0);
    expect(server.held.size).toBe(0);
  });
});
