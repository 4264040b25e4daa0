// Says how far a thread has been read: the last post that stood on the screen, when the reader goes on. The button
// without this script says the same. Nothing is asked of the page that is being left.

const DWELL = 1500; // what is only flown past has not been read

export function followReading(form) {
  const posts = [...document.querySelectorAll("article.post[id^='post-']")];
  if (!posts.length || !("IntersectionObserver" in window)) return;
  form.hidden = true;

  const last = posts.length - 1;
  const end = Number(form.elements.position.value);
  let furthest = -1;
  let told = -1;
  const waiting = new Map();

  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const place = posts.indexOf(target);
        if (!isIntersecting) {
          clearTimeout(waiting.get(place));
          waiting.delete(place);
        } else if (!waiting.has(place)) {
          waiting.set(
            place,
            setTimeout(() => {
              furthest = Math.max(furthest, place);
              if (place === last) tell();
            }, DWELL),
          );
        }
      }
    },
    { rootMargin: "0px 0px -20% 0px" },
  );
  for (const post of posts) seen.observe(post);

  function tell() {
    if (furthest <= told) return;
    told = furthest;
    const body = new URLSearchParams({
      csrf_token: form.elements.csrf_token.value,
      number: posts[furthest].id.slice("post-".length),
      position: end - last + furthest,
      quiet: "yes",
    });
    fetch(form.action, { method: "POST", body, keepalive: true }).catch(() => {
      told = -1;
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") tell();
  });
  window.addEventListener("pagehide", tell);
}
