import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_RESTARTS, RESTART_GAP_MS, RESTART_PATIENCE_MS, RestartPolicy } from './policy';

describe('RestartPolicy', () => {
  let policy: RestartPolicy;

  beforeEach(() => {
    policy = new RestartPolicy();
    policy.onReset();
    expect(policy.take(0)).toBe('rebuild');
    policy.onExchanged(true, 100);
    policy.onState('connecting');
    policy.onState('connected');
  });

  it('does nothing while the path is well', () => {
    expect(policy.take(60_000)).toBe('none');
    expect(policy.nextTimeout()).toBeNull();
  });

  it.each(['disconnected', 'failed'] as const)('restarts ICE at %s while the socket lives', (state) => {
    policy.onState(state);
    expect(policy.take(10_000)).toBe('restart');
  });

  it('waits for the socket: new credentials cannot reach the server without it', () => {
    policy.onSocket(false);
    policy.onState('disconnected');
    policy.onState('failed');
    expect(policy.take(10_000)).toBe('none');
    expect(policy.nextTimeout()).toBeNull();
    policy.onSocket(true);
    expect(policy.take(30_000)).toBe('restart');
  });

  it('forgets the wish when the path came back alone meanwhile', () => {
    policy.onSocket(false);
    policy.onState('disconnected');
    policy.onState('connected');
    policy.onSocket(true);
    expect(policy.take(10_000)).toBe('none');
  });

  it('restarts when the network changes or the server asks, though the path seems well', () => {
    policy.onNetworkChange();
    expect(policy.take(10_000)).toBe('restart');
    policy.onExchanged(true, 10_050);
    policy.onServerAsk();
    expect(policy.take(20_000)).toBe('restart');
  });

  it('keeps two restarts apart and says when the next is due', () => {
    policy.onServerAsk();
    expect(policy.take(10_000)).toBe('restart');
    policy.onExchanged(true, 10_050);
    policy.onNetworkChange();
    expect(policy.take(10_100)).toBe('none');
    expect(policy.nextTimeout()).toBe(10_000 + RESTART_GAP_MS);
    expect(policy.take(10_000 + RESTART_GAP_MS)).toBe('restart');
  });

  it('has one exchange at a time', () => {
    policy.onState('failed');
    expect(policy.take(10_000)).toBe('restart');
    policy.onServerAsk();
    expect(policy.take(20_000)).toBe('none');
  });

  it('makes the connection anew after three restarts that did not connect', () => {
    let now = 10_000;
    policy.onState('failed');
    for (let n = 0; n < MAX_RESTARTS; n++) {
      expect(policy.take(now)).toBe('restart');
      policy.onExchanged(true, now + 50);
      now += 50 + RESTART_PATIENCE_MS;
    }
    expect(policy.take(now)).toBe('rebuild');
  });

  it('counts a refused exchange as a failed restart', () => {
    policy.onState('failed');
    for (let n = 1; n <= MAX_RESTARTS; n++) {
      expect(policy.take(n * 10_000)).toBe('restart');
      policy.onExchanged(false, n * 10_000 + 50);
    }
    expect(policy.take(50_000)).toBe('rebuild');
  });

  it('starts counting anew once connected', () => {
    policy.onState('failed');
    expect(policy.take(10_000)).toBe('restart');
    policy.onExchanged(false, 10_050);
    expect(policy.take(20_000)).toBe('restart');
    policy.onExchanged(true, 20_050);
    policy.onState('connected');
    policy.onState('failed');
    expect(policy.take(30_000)).toBe('restart');
  });

  it('makes the connection anew when the server lost it, whatever else was wanted', () => {
    policy.onReset();
    policy.onState('disconnected');
    policy.onServerAsk();
    expect(policy.take(10_000)).toBe('rebuild');
  });

  it('still makes it anew when the old connection comes up meanwhile', () => {
    policy.onServerAsk();
    expect(policy.take(60_000)).toBe('restart');
    policy.onReset();
    policy.onExchanged(true, 60_050);
    policy.onState('connected');
    expect(policy.take(60_000 + RESTART_GAP_MS)).toBe('rebuild');
  });

  it('does not restart a connection that never was', () => {
    const fresh = new RestartPolicy();
    fresh.onNetworkChange();
    expect(fresh.take(10_000)).toBe('none');
  });
});
