/**
 * A function that does `act` once it has not been called again for `wait` milliseconds.
 * `.cancel()` forgets a call that is waiting.
 */
export function later(act, wait) {
  let timer;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}
