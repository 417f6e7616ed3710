import { describe, expect, it } from 'vitest';
import { reasonOf } from './devices';

const named = (name: string): Error => Object.assign(new Error(name), { name });

describe('the reason why a device cannot be used', () => {
  it.each([
    ['NotAllowedError', 'denied'],
    ['SecurityError', 'denied'],
    ['NotFoundError', 'missing'],
    ['OverconstrainedError', 'missing'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
    ['TypeError', 'unknown'],
  ])('%s is %s', (name, reason) => {
    expect(reasonOf('camera', named(name))).toBe(reason);
  });

  it('is a choice, not a fault, when no screen was chosen', () => {
    expect(reasonOf('screen', named('NotAllowedError'))).toBe('cancelled');
  });
});
