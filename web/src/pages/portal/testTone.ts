/** Three rising tones to test a speaker with, made on the spot. Knows no Vue. */
import { chosenDevice } from '@/media/devices';

const TONES_HZ = [523.25, 659.25, 783.99]; // c, e, g: clear on the small speakers of a laptop and of a television
const TONE_S = 0.4;
const GAP_S = 0.15;
const LOUDNESS = 0.3; // -10 dBFS: as loud as speech in a lesson

type Sink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** Play the tones on the chosen speaker and return when they are over.
 *
 * @throws DOMException when the browser does not let the page play.
 */
export async function playTestTone(): Promise<void> {
  const context = new AudioContext();
  const output: Sink = new Audio();
  try {
    const out = context.createMediaStreamDestination();
    const seconds = schedule(context, out);
    output.srcObject = out.stream;
    const speaker = chosenDevice('speaker');
    if (speaker) await output.setSinkId?.(speaker).catch(() => undefined); // gone: the default speaker is right
    await output.play();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  } finally {
    output.srcObject = null;
    await context.close();
  }
}

/** Plan the tones with soft edges, so that they do not click; return how long they take. */
function schedule(context: AudioContext, out: AudioNode): number {
  let at = context.currentTime + 0.1;
  for (const frequency of TONES_HZ) {
    const tone = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
    gain.gain.setValueAtTime(LOUDNESS, at + TONE_S - 0.1);
    gain.gain.linearRampToValueAtTime(0, at + TONE_S);
    tone.connect(gain).connect(out);
    tone.start(at);
    tone.stop(at + TONE_S);
    at += TONE_S + GAP_S;
  }
  return at - context.currentTime;
}
