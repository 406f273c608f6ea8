// A click on a burst plays it and tells the page which one; `element` and `trigger` are given by Gradio.
let end = Infinity;

element.addEventListener("click", (event) => {
  const burst = event.target.closest(".burst");
  const audio = element.querySelector("audio");
  if (!burst || !audio) return;
  element.querySelectorAll(".burst").forEach((other) => other.classList.toggle("chosen", other === burst));
  end = Number(burst.dataset.end);
  audio.currentTime = Number(burst.dataset.start);
  audio.play();
  trigger("select", { index: Number(burst.dataset.burst), value: null });
});

function follow() {
  const audio = element.querySelector("audio");
  const cursor = element.querySelector(".cursor");
  if (audio && cursor && audio.duration) {
    cursor.style.left = `${(100 * audio.currentTime) / audio.duration}%`;
    if (!audio.paused && audio.currentTime >= end) {
      audio.pause();
      end = Infinity;
    }
  }
  requestAnimationFrame(follow);
}
follow();
