/** Install the service worker of classrooms' screens and of plans that are written without a network. Only where
 *  browsers allow it: https, or this very machine. */

const UPDATE_MS = 3_600_000; // a screen is not reloaded for weeks; an upgrade of the server is noticed all the same

let asked = false;

export function registerWorker(): void {
  if (asked || !import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  asked = true;
  // A certificate of one's own that the browser does not trust: packs work, opening without a network does not.
  navigator.serviceWorker.register('/sw.js').then(
    (registration) => window.setInterval(() => void registration.update().catch(() => undefined), UPDATE_MS),
    () => undefined,
  );
}

/** Keep the program of plans' pages too, now and after every upgrade. */
export function keepPlanPages(): void {
  registerWorker();
  if (asked) void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage('keep-plans'));
}
