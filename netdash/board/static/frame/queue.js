// Draws a picture at once. Of the pictures that arrive within one frame of the screen, only the last is drawn.

/**
 * @param {() => void} draw
 * @param {() => boolean} ready whether the page can be drawn on; until then it is asked again in each frame
 */
export function oncePerFrame(draw, ready) {
  let frame = 0;
  let more = false;
  let over = false;
  function soon() {
    if (over) return;
    more = frame !== 0 || !ready();
    if (!more) draw();
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (more) soon();
    });
  }
  function stop() {
    over = true;
    cancelAnimationFrame(frame);
  }
  return { soon, stop };
}
