/** The Network Information API, where the browser has it. */
type Connection = EventTarget & { type?: string };

function connectionInfo(): Connection | null {
  return (navigator as Navigator & { connection?: Connection }).connection ?? null;
}

/** Call `onChange` when the device is online again or on another kind of network; returns how to stop. The browser tells
 *  also that it measures another rate, several times a minute on a weak link: that is no change of address. */
export function watchNetwork(onChange: () => void): () => void {
  const info = connectionInfo();
  let kind = info?.type;
  const onInfo = (): void => {
    if (info?.type !== kind) onChange();
    kind = info?.type;
  };
  window.addEventListener('online', onChange);
  info?.addEventListener('change', onInfo);
  return () => {
    window.removeEventListener('online', onChange);
    info?.removeEventListener('change', onInfo);
  };
}
