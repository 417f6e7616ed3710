/** What each sender is to send now: which layers someone takes, what the uplink bears, the voice before all. One change
 *  at a time: a browser refuses parameters that were read before another change. */
import type { Source } from '@/generated/messages';
import { refit, screenEncodings, thin, type Size, type Taken } from './simulcast';
import type { UplinkLevel } from './uplink';

export interface Wish {
  source: Source;
  /** Of the track that is sent; null: none is. */
  size: Size | null;
  taken: Taken;
  level: UplinkLevel;
}

/** Bit/s of the voice on a weak uplink. Opus at 16 kbit/s is clear wide-band speech; its headers cost 26 kbit/s more.
 *  Chromium's `adaptivePtime` would save half of those, but it sets this limit aside and never returns to 20 ms
 *  (measured). */
const VOICE_BPS: Readonly<Record<UplinkLevel, number | null>> = {
  full: null,
  reduced: null,
  small: 24_000,
  still: 16_000,
};

/** The share of a crowded uplink that each source gets, and the mark on its packets. */
const PRIORITY: Readonly<Record<Source, RTCPriorityType>> = {
  mic: 'high',
  line: 'high',
  screen: 'medium',
  camera: 'low',
};

/** Whether a source is sound: the microphone that class hears, or that of the private line. */
export const isVoice = (source: Source): boolean => source === 'mic' || source === 'line';

export class SenderTuner {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly sender: RTCRtpSender) {}

  /** Send as `wish` says. A browser that refuses goes on with what it had: it still sends. */
  apply(wish: Wish): Promise<void> {
    this.last = this.last.then(async () => {
      const parameters = this.sender.getParameters();
      tune(parameters, wish);
      await this.sender.setParameters(parameters).catch(() => undefined);
    });
    return this.last;
  }
}

/** Change `parameters` to what `wish` says. */
export function tune(parameters: RTCRtpSendParameters, wish: Wish): void {
  if (isVoice(wish.source)) {
    parameters.encodings = parameters.encodings.map((encoding) => voice(encoding, wish.level));
  } else {
    parameters.degradationPreference = wish.source === 'screen' ? 'maintain-resolution' : 'balanced';
    const whole =
      wish.source === 'screen'
        ? parameters.encodings.map((encoding, index) => ({
            ...encoding,
            ...screenEncodings()[index],
            active: true,
          }))
        : refit(parameters.encodings, wish.size ?? { width: 1280, height: 720 });
    parameters.encodings = thin(whole, wish.taken, wish.level);
  }
  const first = parameters.encodings[0]; // the browser takes the priority of a sender from its first encoding only
  if (first) {
    first.priority = PRIORITY[wish.source];
    first.networkPriority = PRIORITY[wish.source];
  }
}

function voice(encoding: RTCRtpEncodingParameters, level: UplinkLevel): RTCRtpEncodingParameters {
  const tuned = { ...encoding };
  const cap = VOICE_BPS[level];
  if (cap === null) delete tuned.maxBitrate;
  else tuned.maxBitrate = cap;
  return tuned;
}
