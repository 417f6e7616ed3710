import { onBeforeUnmount, onMounted } from 'vue';
import { timetableApi } from '@/api/timetable';
import { shouldLeave } from '@/pages/portal/screenDay';

/** A paired screen that waits in a lesson looks so often whether it still should. */
const EVERY_MS = 20_000;

/** Call `leave` when the lesson that this screen waits in is off, or another one's time has come, as the server's
 *  clock says; asked only while `isWaiting`. */
export function useScreenDuty(id: string, isWaiting: () => boolean, leave: () => void): void {
  let timer = 0;

  async function look(): Promise<void> {
    if (!isWaiting()) return;
    const day = await timetableApi.screen().catch(() => null);
    if (day && isWaiting() && shouldLeave(id, day.lessons, Date.parse(day.time))) leave();
  }

  onMounted(() => (timer = window.setInterval(() => void look(), EVERY_MS)));
  onBeforeUnmount(() => window.clearInterval(timer));
}
