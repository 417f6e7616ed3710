import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Sha256, sha256 } from './sha256';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 131 + 7) & 255);

describe('SHA-256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('hashes the examples of FIPS 180-4: %s', (words, expected) => {
    expect(sha256(text(words))).toBe(expected);
  });

  it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 70_000])(
    'agrees with another for %i bytes',
    (n) => {
      expect(sha256(bytes(n))).toBe(createHash('sha256').update(bytes(n)).digest('hex'));
    },
  );

  it('does not care how the bytes come', () => {
    const data = bytes(5000);
    for (const step of [1, 7, 63, 64, 65, 999]) {
      const hash = new Sha256();
      for (let at = 0; at < data.length; at += step) hash.update(data.subarray(at, at + step));
      expect(hash.hex()).toBe(sha256(data));
    }
  });
});
