import { beforeEach, describe, expect, it } from 'vitest';
import { GRACE_MS, MAX_RESTARTS, RESTART_GAP_MS, RESTART_PATIENCE_MS, RestartPolicy } from './policy';

describe('RestartPolicy', () => {
  let policy: RestartPolicy;

  beforeEach(() => {
    policy = new RestartPolicy();
    policy.onReset();
    expect(policy.take(0)).toBe('rebuild');
    policy.onExchanged('done', 100);
    policy.onState('connecting', 100);
    policy.onState('connected', 200);
  });

  it('does nothing while the path is well', () => {
    policy.onSocketHeard(30_000);
    expect(policy.take(60_000)).toBe('none');
    expect(policy.nextTimeout()).toBeNull();
  });

  it('leaves a path alone in an outage in which the socket is silent too', () => {
    policy.onState('disconnected', 10_000);
    expect(policy.take(17_000)).toBe('none');
    expect(policy.nextTimeout()).toBeNull();
    policy.onState('connected', 18_000);
    policy.onSocketHeard(18_100);
    expect(policy.take(30_000)).toBe('none');
  });

  it('restarts a path that stays away although the network passes packets', () => {
    policy.onState('disconnected', 10_000);
    policy.onSocketHeard(10_100);
    expect(policy.take(10_100)).toBe('none');
    expect(policy.nextTimeout()).toBe(10_100 + GRACE_MS);
    expect(policy.take(10_100 + GRACE_MS)).toBe('restart');
  });

  it('lets a path come back alone within the grace', () => {
    policy.onState('disconnected', 10_000);
    policy.onSocketHeard(10_100);
    policy.onState('connected', 10_300);
    expect(policy.take(10_100 + GRACE_MS)).toBe('none');
  });

  it('restarts at once what the browser has given up, as soon as the network is proven', () => {
    policy.onState('disconnected', 10_000);
    policy.onSocket(false, 15_000);
    policy.onState('failed', 20_000);
    expect(policy.take(40_000)).toBe('none');
    policy.onSocket(true, 50_000);
    expect(policy.take(50_000)).toBe('restart');
  });

  it('notices a change of address before the browser does: the path is silent, the socket is not', () => {
    policy.onSilent(10_000);
    policy.onSocketHeard(10_050);
    expect(policy.take(10_050 + GRACE_MS)).toBe('restart');
    policy.onExchanged('done', 10_850);
    expect(policy.take(12_000)).toBe('none');
    policy.onSilent(20_000);
    policy.onPathHeard();
    policy.onSocketHeard(20_100);
    expect(policy.take(30_000)).toBe('none');
  });

  it('restarts on another network without grace, once something was heard over it', () => {
    policy.onNetworkChange(10_000);
    expect(policy.take(10_000)).toBe('none');
    policy.onSocketHeard(10_200);
    expect(policy.take(10_200)).toBe('restart');
  });

  it('restarts when the server asks, though the path seems well', () => {
    policy.onServerAsk(10_000);
    expect(policy.take(10_000 + GRACE_MS)).toBe('restart');
  });

  it('keeps two restarts apart and says when the next is due', () => {
    policy.onServerAsk(10_000);
    expect(policy.take(11_000)).toBe('restart');
    policy.onExchanged('done', 11_050);
    policy.onServerAsk(11_100);
    expect(policy.take(11_900)).toBe('none');
    expect(policy.nextTimeout()).toBe(11_000 + RESTART_GAP_MS);
    expect(policy.take(11_000 + RESTART_GAP_MS)).toBe('restart');
  });

  it('has one exchange at a time', () => {
    policy.onState('failed', 10_000);
    policy.onSocketHeard(10_000);
    expect(policy.take(10_000)).toBe('restart');
    policy.onServerAsk(12_000);
    expect(policy.take(20_000)).toBe('none');
  });

  it('makes the connection anew after three restarts that did not connect on a network that passes packets', () => {
    let now = 10_000;
    policy.onState('failed', now);
    policy.onSocketHeard(now);
    for (let n = 0; n < MAX_RESTARTS; n++) {
      expect(policy.take(now)).toBe('restart');
      policy.onExchanged('done', now + 50);
      policy.onSocketHeard(now + 60);
      now += 60 + RESTART_PATIENCE_MS;
    }
    expect(policy.take(now)).toBe('rebuild');
  });

  it('does not blame a restart for an outage', () => {
    let now = 10_000;
    policy.onState('failed', now);
    policy.onSocketHeard(now);
    expect(policy.take(now)).toBe('restart');
    policy.onExchanged('done', now + 50);
    for (let n = 0; n < 5; n++) {
      now += RESTART_PATIENCE_MS + 100;
      expect(policy.take(now)).toBe('none');
    }
    policy.onState('connected', now);
    expect(policy.take(now)).toBe('none');
  });

  it('counts a refused exchange as a failed restart', () => {
    policy.onState('failed', 9_000);
    policy.onSocketHeard(9_500);
    for (let n = 1; n <= MAX_RESTARTS; n++) {
      expect(policy.take(n * 10_000)).toBe('restart');
      policy.onExchanged('refused', n * 10_000 + 50);
    }
    expect(policy.take(50_000)).toBe('rebuild');
  });

  it('does not count one that the socket lost, and waits for proof again', () => {
    policy.onState('failed', 9_000);
    for (let n = 1; n <= 2 * MAX_RESTARTS; n++) {
      policy.onSocketHeard(n * 10_000);
      expect(policy.take(n * 10_000)).toBe('restart');
      policy.onExchanged('lost', n * 10_000 + 50);
      expect(policy.take(n * 10_000 + 9_000)).toBe('none');
    }
  });

  it('starts counting anew once connected', () => {
    policy.onState('failed', 9_000);
    policy.onSocketHeard(9_500);
    expect(policy.take(10_000)).toBe('restart');
    policy.onExchanged('refused', 10_050);
    expect(policy.take(20_000)).toBe('restart');
    policy.onExchanged('done', 20_050);
    policy.onState('connected', 20_100);
    policy.onState('failed', 29_000);
    policy.onSocketHeard(29_100);
    expect(policy.take(30_000)).toBe('restart');
  });

  it('makes the connection anew when the server lost it, whatever else was wanted', () => {
    policy.onReset();
    policy.onState('disconnected', 9_000);
    policy.onServerAsk(9_500);
    expect(policy.take(10_000)).toBe('rebuild');
  });

  it('still makes it anew when the old connection comes up meanwhile', () => {
    policy.onServerAsk(50_000);
    expect(policy.take(60_000)).toBe('restart');
    policy.onReset();
    policy.onExchanged('done', 60_050);
    policy.onState('connected', 60_100);
    expect(policy.take(60_000 + RESTART_GAP_MS)).toBe('rebuild');
  });

  it('tries a first connection again that does not come up', () => {
    const fresh = new RestartPolicy();
    fresh.onReset();
    expect(fresh.take(0)).toBe('rebuild');
    fresh.onExchanged('done', 100);
    fresh.onState('connecting', 100);
    fresh.onSocketHeard(200);
    expect(fresh.take(100 + RESTART_PATIENCE_MS)).toBe('restart');
  });

  it('does not restart a connection that never was', () => {
    const fresh = new RestartPolicy();
    fresh.onNetworkChange(9_000);
    fresh.onSocketHeard(9_100);
    expect(fresh.take(10_000)).toBe('none');
  });
});
