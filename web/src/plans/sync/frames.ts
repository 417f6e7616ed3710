/** The frames of a plan's socket: docs/planning.md. y-protocols' own two kinds, and two of ours. */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

export const SYNC = 0;
export const AWARENESS = 1;
/** Server to client: how many frames of this connection that carry updates are on the disk. */
export const ACK = 4;
/** Server to client, first: which document this is. */
export const HELLO = 5;

export const STEP_1 = 0;
export const STEP_2 = 1;
export const UPDATE = 2;

export interface Hello {
  generation: number;
  read_only: boolean;
}

/** Close codes: RFC 6455 §7.4, ours from 4400 on after the HTTP status that says the same. */
export const CLOSE = {
  malformed: 1007,
  tooFast: 1008,
  tooBig: 1009,
  signedOut: 4401,
  forbidden: 4403,
  generation: 4409,
  comeAgain: 4410,
  documentFull: 4413,
  storageFailed: 4507,
} as const;

export type Frame =
  | { kind: 'hello'; hello: Hello }
  | { kind: 'ack'; frames: number }
  | { kind: 'awareness'; update: Uint8Array }
  | { kind: 'sync'; sub: number; payload: Uint8Array };

/** Return what a frame says; null: one of a kind that a newer server may send. */
export function readFrame(data: ArrayBuffer): Frame | null {
  const decoder = decoding.createDecoder(new Uint8Array(data));
  switch (decoding.readVarUint(decoder)) {
    case SYNC:
      return {
        kind: 'sync',
        sub: decoding.readVarUint(decoder),
        payload: decoding.readVarUint8Array(decoder),
      };
    case AWARENESS:
      return { kind: 'awareness', update: decoding.readVarUint8Array(decoder) };
    case ACK:
      return { kind: 'ack', frames: decoding.readVarUint(decoder) };
    case HELLO:
      return { kind: 'hello', hello: JSON.parse(decoding.readVarString(decoder)) as Hello };
    default:
      return null;
  }
}

export function syncFrame(sub: number, payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, sub);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

export function awarenessFrame(update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, update);
  });
}
