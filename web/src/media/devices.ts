/** Opening camera, microphone and screen, with a reason that people can act on when it fails. Knows no Vue. */

/** Why a device cannot be used; `lesson.device.<reason>` has the sentence and the remedy. */
export type DeviceReason = 'busy' | 'denied' | 'missing' | 'insecure' | 'cancelled' | 'unknown';

export class DeviceProblem extends Error {
  override readonly name = 'DeviceProblem';
  constructor(
    readonly device: 'camera' | 'mic' | 'screen',
    readonly reason: DeviceReason,
  ) {
    super(`${device}: ${reason}`);
  }
}

const STORED = { camera: 'tongtang.camera', mic: 'tongtang.mic', speaker: 'tongtang.speaker' } as const;

/** Return the device that was chosen in the device check of this browser, or null. */
export function chosenDevice(device: keyof typeof STORED): string | null {
  return localStorage.getItem(STORED[device]);
}

/** Remember the device that was chosen. */
export function chooseDevice(device: keyof typeof STORED, id: string | null): void {
  if (id) localStorage.setItem(STORED[device], id);
  else localStorage.removeItem(STORED[device]);
}

/** Return the reason behind a failed capture (W3C Media Capture §10.2). */
export function reasonOf(device: DeviceProblem['device'], error: unknown): DeviceReason {
  const name = error instanceof Error ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return device === 'screen' ? 'cancelled' : 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unknown';
  }
}

async function capture(
  device: 'camera' | 'mic' | 'screen',
  open: () => Promise<MediaStream>,
): Promise<MediaStreamTrack> {
  // Outside of https and localhost browsers do not even have mediaDevices.
  if (!window.isSecureContext || !('mediaDevices' in navigator)) throw new DeviceProblem(device, 'insecure');
  try {
    const stream = await open();
    const track = device === 'mic' ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
    if (track) return track;
  } catch (error) {
    throw new DeviceProblem(device, reasonOf(device, error));
  }
  throw new DeviceProblem(device, 'missing');
}

function exactly(id: string | null): MediaTrackConstraints {
  return id ? { deviceId: { ideal: id } } : {};
}

/** How many lines of picture are asked of the camera: a classroom is never shown larger than beside the page, and its old
 *  PC has to encode every layer. */
export type CameraLines = 540 | 720;

/** Open the camera with so many lines where it can.
 *
 * @throws DeviceProblem
 */
export function openCamera(lines: CameraLines = 720): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    ...exactly(chosenDevice('camera')),
    width: { ideal: (lines * 16) / 9 },
    height: { ideal: lines },
    frameRate: { ideal: 24, max: 30 },
  };
  return capture('camera', () => navigator.mediaDevices.getUserMedia({ video, audio: false }));
}

/** Open the camera at a phone's back, as sharp as answer cards at the far wall need it.
 *
 * @throws DeviceProblem
 */
export function openRearCamera(): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    facingMode: { ideal: 'environment' },
    width: { ideal: 1920 },
    height: { ideal: 1080 },
    frameRate: { ideal: 15, max: 30 },
  };
  return capture('camera', () => navigator.mediaDevices.getUserMedia({ video, audio: false }));
}

/** Open the microphone with echo cancellation: a classroom hears itself from its own loudspeakers otherwise.
 *
 * @throws DeviceProblem
 */
export function openMic(): Promise<MediaStreamTrack> {
  const audio: MediaTrackConstraints = {
    ...exactly(chosenDevice('mic')),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  };
  return capture('mic', () => navigator.mediaDevices.getUserMedia({ audio, video: false }));
}

/** Let the person choose a screen or window.
 *
 * @throws DeviceProblem `cancelled` when nothing was chosen.
 */
export function openScreen(): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = { frameRate: { ideal: 10, max: 15 } };
  return capture('screen', () => navigator.mediaDevices.getDisplayMedia({ video, audio: false }));
}
