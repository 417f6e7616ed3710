/** The camera at the phone's back in a video element, with its light, and the reason when there is no picture. */
import { onBeforeUnmount, ref, shallowRef, type Ref } from 'vue';
import { DeviceProblem, openRearCamera, type DeviceReason } from '@/media/devices';

export type CameraState = 'opening' | 'open' | Exclude<DeviceReason, 'cancelled'> | 'lost';

/** `torch` is in no type of the DOM: W3C Image Capture §4, Chromium on Android. */
interface TorchTrack {
  getCapabilities?: () => { torch?: boolean };
  applyConstraints(constraints: { advanced: { torch: boolean }[] }): Promise<void>;
}

export function useCamera(video: Ref<HTMLVideoElement | null>) {
  const state = ref<CameraState>('opening');
  const track = shallowRef<MediaStreamTrack | null>(null);
  const hasTorch = ref(false);
  const torch = ref(false);
  let asked = 0;

  async function open(): Promise<void> {
    close();
    const mine = (asked += 1);
    state.value = 'opening';
    try {
      const opened = await openRearCamera();
      if (mine !== asked || !video.value) {
        opened.stop();
        return;
      }
      await show(opened);
    } catch (error) {
      if (mine !== asked) return;
      const reason = error instanceof DeviceProblem ? error.reason : 'unknown';
      state.value = reason === 'cancelled' ? 'denied' : reason;
    }
  }

  async function show(opened: MediaStreamTrack): Promise<void> {
    track.value = opened;
    opened.onended = () => {
      if (track.value !== opened) return;
      close();
      state.value = 'lost';
    };
    hasTorch.value = (opened as unknown as TorchTrack).getCapabilities?.().torch === true;
    torch.value = false;
    const element = video.value;
    if (!element) return;
    element.srcObject = new MediaStream([opened]);
    await element.play().catch(() => undefined); // a picture that is hidden begins when it is shown
    state.value = 'open';
  }

  async function setTorch(on: boolean): Promise<void> {
    try {
      await (track.value as unknown as TorchTrack | null)?.applyConstraints({ advanced: [{ torch: on }] });
      torch.value = on;
    } catch {
      hasTorch.value = false; // it said it had one
    }
  }

  function close(): void {
    asked += 1;
    if (track.value) track.value.onended = null;
    track.value?.stop();
    track.value = null;
    hasTorch.value = false;
    if (video.value) video.value.srcObject = null;
  }

  onBeforeUnmount(close);
  return { state, hasTorch, torch, open, close, setTorch };
}
