import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { cut, PIECE_BYTES } from './cut';

/** A generator of numbers in [0, 1) that is the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const text = (doc: Y.Doc): Y.XmlText => doc.getXmlFragment('plan').get(0) as Y.XmlText;

/** Two people who type into each other's words: neither's structs can go over without some of the other's. */
function scribbled(letters: number): { doc: Y.Doc; begun: Uint8Array } {
  const [one, other] = [new Y.Doc(), new Y.Doc()];
  const random = chance(7);
  one.getXmlFragment('plan').insert(0, [new Y.XmlText('光的折射')]);
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one));
  const begun = Y.encodeStateAsUpdate(one);
  const pass = (update: Uint8Array, origin: unknown): void => {
    for (const doc of [one, other]) if (doc !== origin) Y.applyUpdate(doc, update, doc);
  };
  for (const doc of [one, other])
    doc.on('update', (update: Uint8Array, origin: unknown) => origin !== doc && pass(update, doc));
  for (let n = 0; n < letters; n += 1) {
    const target = text(random() < 0.5 ? one : other);
    const at = Math.floor(random() * target.length);
    if (random() < 0.2) target.delete(at, 1);
    target.insert(at, '字');
  }
  return { doc: one, begun };
}

function whole(begun: Uint8Array, pieces: Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, begun);
  for (const piece of pieces) {
    Y.applyUpdate(doc, piece);
    expect(doc.store.pendingStructs).toBeNull(); // each applies at once
    expect(doc.store.pendingDs).toBeNull();
  }
  return doc;
}

describe('cut', () => {
  it('leaves alone what fits', () => {
    const { doc } = scribbled(20);
    const update = Y.encodeStateAsUpdate(doc);
    expect(cut(update)).toEqual([update]);
  });

  it('makes pieces that each apply after those before, of what two wrote into each other', () => {
    const { doc, begun } = scribbled(1_500);
    const state = Y.encodeStateVectorFromUpdate(begun);
    const update = Y.encodeStateAsUpdate(doc, state);
    const pieces = cut(update, 8_192);
    expect(pieces.length).toBeGreaterThan(3);
    for (const piece of pieces) expect(piece.length).toBeLessThan(2 * 8_192);
    expect(text(whole(begun, pieces)).toJSON()).toBe(text(doc).toJSON());
  });

  it('cuts a text that was pasted in one go, and no letter in half', () => {
    const doc = new Y.Doc();
    const begun = Y.encodeStateAsUpdate(doc);
    doc.getXmlFragment('plan').insert(0, [new Y.XmlText(`a${'𠮷'.repeat(60_000)}`)]);
    text(doc).insert(0, '头');
    const pieces = cut(Y.encodeStateAsUpdate(doc));
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) expect(piece.length).toBeLessThan(2 * PIECE_BYTES);
    const made = whole(begun, pieces);
    expect(text(made).toJSON()).toBe(text(doc).toJSON());
    expect(Y.encodeStateVector(made)).toEqual(Y.encodeStateVector(doc));
  });
});
