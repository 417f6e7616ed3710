// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { provideStorage } from './storage';

/** A window of a frame on another site: the name alone throws. */
function refusing(): Window {
  const window = {};
  for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, {
      configurable: true,
      get: () => {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
  return window as Window;
}

describe('storage', () => {
  it('is remembered until the page is closed where the browser refuses it', () => {
    const window = refusing();
    expect(() => window.localStorage).toThrow();
    provideStorage(window);
    window.localStorage.setItem('a', '1');
    expect(window.localStorage.getItem('a')).toBe('1');
    expect([window.localStorage.key(0), window.localStorage.length]).toEqual(['a', 1]);
    window.localStorage.removeItem('a');
    expect(window.localStorage.getItem('a')).toBeNull();
    expect(window.sessionStorage.getItem('a')).toBeNull();
  });

  it("is the browser's own where it may be used", () => {
    const own = { length: 0 };
    const window = { localStorage: own, sessionStorage: own } as unknown as Window;
    provideStorage(window);
    expect(window.localStorage).toBe(own);
  });
});
