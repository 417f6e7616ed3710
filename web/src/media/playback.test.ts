import { beforeEach, describe, expect, it } from 'vitest';
import { PlaybackMeter } from './playback';

const DUE = { picture: 'due', voice: true } as const;

describe('the playback of a lesson', () => {
  let meter: PlaybackMeter;
  /** Present a frame every `everyMs` from `from` up to and with `to`. */
  const play = (from: number, to: number, everyMs = 100): void => {
    for (let at = from; at <= to; at += everyMs) meter.onFrame(at);
  };

  beforeEach(() => {
    meter = new PlaybackMeter();
    meter.onDue(DUE, 0);
  });

  it('begins with the first frame', () => {
    expect(meter.at(60_000).watched_ms).toBe(0);
    play(60_000, 70_000);
    expect(meter.at(70_000)).toMatchObject({ watched_ms: 10_000, video_stall_ms: 0 });
  });

  it('counts a gap longer than 500 ms whole, and none of 500', () => {
    play(0, 1_000);
    play(1_500, 2_000);
    expect(meter.at(2_000).video_stall_ms).toBe(0);
    play(2_501, 3_001);
    expect(meter.at(3_001).video_stall_ms).toBe(501);
  });

  it('counts a gap while it is open, once', () => {
    play(0, 1_000);
    expect(meter.at(1_400).video_stall_ms).toBe(0);
    expect(meter.at(4_000).video_stall_ms).toBe(3_000);
    play(5_000, 6_000);
    expect(meter.at(6_000)).toMatchObject({ watched_ms: 6_000, video_stall_ms: 4_000 });
  });

  it('keeps apart what the server pauses on purpose', () => {
    play(0, 1_000);
    meter.onDue({ ...DUE, picture: 'paused' }, 1_200);
    expect(meter.at(9_200)).toMatchObject({ watched_ms: 9_200, video_stall_ms: 0, paused_ms: 8_000 });
    meter.onDue(DUE, 9_200);
    play(10_000, 11_000);
    expect(meter.at(11_000)).toMatchObject({ video_stall_ms: 800, paused_ms: 8_000 });
  });

  it('stands still while no picture is due', () => {
    play(0, 1_000);
    meter.onDue({ ...DUE, picture: 'none' }, 1_100);
    meter.onFrame(2_000);
    expect(meter.at(60_000)).toMatchObject({ watched_ms: 1_100, video_stall_ms: 0 });
    meter.onDue(DUE, 60_000);
    expect(meter.at(61_000)).toMatchObject({ watched_ms: 2_100, video_stall_ms: 1_000 });
  });

  it('adds up sound over connections, only while a voice is due', () => {
    meter.onVoice(1_000, 10);
    meter.onVoice(3_000, 110);
    meter.onVoice(500, 20); // a new connection
    meter.onDue({ ...DUE, voice: false }, 0);
    meter.onVoice(9_500, 9_000); // a muted microphone sends nothing
    meter.onDue(DUE, 0);
    meter.onVoice(10_500, 9_000);
    expect(meter.at(0)).toMatchObject({ audio_ms: 4_500, audio_concealed_ms: 130 });
  });
});
