import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FrameReader, inflate } from './frames';

/** A frame as the server packs it. */
function packed(text: string): ArrayBuffer {
  const stream = deflateSync(Buffer.from(text));
  const frame = new Uint8Array(stream.length + 1);
  frame[0] = 1;
  frame.set(stream, 1);
  return frame.buffer;
}

const until = async (done: () => boolean): Promise<void> => {
  for (let n = 0; n < 200 && !done(); n++) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('frames', () => {
  it('inflates what the server packed', async () => {
    expect(await inflate(packed('老师说：请看第七页。'.repeat(300)))).toBe(
      '老师说：请看第七页。'.repeat(300),
    );
  });

  it('delivers text at once, and what comes behind a packed frame after it', async () => {
    const heard: string[] = [];
    const reader = new FrameReader(
      (text) => heard.push(text),
      () => heard.push('spoilt'),
    );
    reader.take('1');
    expect(heard).toEqual(['1']);
    reader.take(packed('2'));
    reader.take('3');
    reader.take(packed('4'));
    reader.take('5');
    expect(heard).toEqual(['1']);
    await until(() => heard.length === 5);
    expect(heard).toEqual(['1', '2', '3', '4', '5']);
  });

  it('says so when a frame cannot be read, and delivers nothing after it', async () => {
    for (const frame of [new Uint8Array([2, 1]).buffer, packed('x'.repeat(99)).slice(0, 9)]) {
      const heard: string[] = [];
      const reader = new FrameReader(
        (text) => heard.push(text),
        () => heard.push('spoilt'),
      );
      reader.take(frame);
      reader.take('later');
      await until(() => heard.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(heard).toEqual(['spoilt']);
    }
  });

  it('delivers nothing once it is closed', async () => {
    const heard: string[] = [];
    const reader = new FrameReader(
      (text) => heard.push(text),
      () => heard.push('spoilt'),
    );
    reader.take(packed('1'));
    reader.close();
    reader.take('2');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard).toEqual([]);
  });
});
