// The player: moves the demos of a page with no kernel and no network.
//
// A demo comes as a finished still picture (panel.py and faces.py draw it), its controls, and the
// results of its whole grid. All that happens here: a control moves, the results of that setting
// are looked up, the moving paths get new data, and the words their new text. Colours, axes and
// contours are the page's own and need no script, so a change of theme, print, and a page without
// JavaScript take care of themselves.
(() => {
  "use strict";

  const MISSING = 65535; // the code of a point that does not exist
  const PLAY = 6000; // milliseconds from the first step to the last
  const STILL = 600; // milliseconds without a change before a screen reader is told

  // The inverse of pack() in faces.py: differences of 16-bit numbers, which wrap around as they do.
  function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const codes = new Uint16Array(bytes.buffer);
    for (let i = 1; i < codes.length; i++) codes[i] += codes[i - 1];
    return codes;
  }

  // The same as drawn() in panel.py, letter for letter: the line and the dots of rows 0 to cut.
  function drawn(trail, xs, ys, cut, far) {
    const rows = Math.max(xs.length, ys.length);
    const exists = (i) => xs[i] !== MISSING && ys[i] !== MISSING;
    const at = (i) => `${xs[i] - far} ${ys[i] - far}`;
    const shown = [];
    for (let i = 0; i < rows && i <= cut; i++) if (exists(i)) shown.push(i);
    let line = "";
    if (["path", "curve", "band"].includes(trail.style)) {
      for (const i of shown) line += (i && exists(i - 1) ? "L" : "M") + at(i);
    }
    let dots = shown.slice(-1);
    if (trail.style === "path") dots = shown.filter((i) => i % trail.every === 0);
    if (trail.style === "first") dots = shown.slice(0, 1);
    if (trail.style === "band") dots = [];
    return [line, dots.map((i) => `M${at(i)}${trail.dot}`).join("")];
  }

  class Player {
    constructor(root) {
      this.root = root;
      this.name = root.id; // demo-<name>
      this.data = JSON.parse(root.querySelector("script").textContent);
      for (const array of this.data.arrays) array.codes = unpack(array.codes);
      this.inputs = [...root.querySelectorAll("[data-control]")];
      this.at = this.inputs.map((input) => this.read(input));
      this.lengths = this.data.controls.map((control) => control.values.length);
      this.groups = this.data.trails.map((_, i) => root.querySelector(`[data-trail="${i}"]`));
      this.spans = [...root.querySelectorAll(".gd-words span")];
      this.link = root.querySelector(".gd-link");
      this.listen();
      this.draw();
      root.dataset.ready = "";
    }

    read(input) {
      return input.tagName === "SELECT" ? input.selectedIndex : Number(input.value);
    }

    listen() {
      this.inputs.forEach((input, k) => {
        input.addEventListener("input", () => {
          this.pause();
          this.set({ [k]: this.read(input) });
        });
      });
      for (const button of this.root.querySelectorAll("[data-mark]")) {
        button.addEventListener("click", () => {
          this.pause();
          this.set(JSON.parse(button.dataset.mark));
        });
      }
      if (this.data.targets) {
        const panel = this.root.querySelectorAll(".gd-front")[this.data.targets.panel];
        panel.classList.add("gd-target");
        panel.addEventListener("click", (event) => this.pick(panel, event));
      }
      this.play = this.root.querySelector(".gd-play");
      if (this.play) {
        this.play.addEventListener("click", () => (this.timer ? this.pause() : this.run()));
        this.root.querySelector(".gd-step").addEventListener("click", () => {
          this.pause();
          this.step();
        });
        this.playWhenSeen();
      }
      addEventListener("hashchange", () => this.follow());
    }

    // The place of the current setting in an array over the grid: row by row, the last control
    // fastest; an axis of length 1 stands for all settings of its control.
    place(lengths) {
      return lengths.reduce((place, n, k) => place * n + (n > 1 ? this.at[k] : 0), 0);
    }

    rows(index) {
      const { shape, codes } = this.data.arrays[index];
      const rows = shape[shape.length - 1];
      const start = this.place(shape.slice(0, -1)) * rows;
      return codes.subarray(start, start + rows);
    }

    set(places) {
      for (const [k, i] of Object.entries(places)) this.at[k] = i;
      this.draw();
      clearTimeout(this.speech);
      this.speech = setTimeout(() => this.speak(), STILL);
    }

    draw() {
      const { controls, trails, words, far } = this.data;
      const last = controls.length - 1;
      const cut = controls[last].name === "step" ? this.at[last] : Infinity;
      trails.forEach((trail, i) => {
        const [line, dots] = drawn(trail, this.rows(trail.x), this.rows(trail.y), cut, far);
        this.groups[i].firstChild.setAttribute("d", line);
        this.groups[i].lastChild.setAttribute("d", dots);
      });
      const place = this.place(this.lengths);
      this.spans.forEach((span, i) => (span.textContent = words[i][place]));
      const pairs = controls.map((control, k) => {
        const [i, input] = [this.at[k], this.inputs[k]];
        if (input.tagName === "SELECT") {
          input.selectedIndex = i;
        } else {
          input.value = i;
          input.setAttribute("aria-valuetext", control.words[i]);
          input.nextElementSibling.textContent = control.words[i];
        }
        return `${control.name}=${input.tagName === "SELECT" ? i : control.values[i]}`;
      });
      this.link.hash = `${this.name}:${pairs.join("&")}`;
    }

    speak() {
      const settings = this.inputs.map((input, k) => {
        return `${input.labels[0].textContent} ${this.data.controls[k].words[this.at[k]]}`;
      });
      const lines = [...this.root.querySelectorAll(".gd-words li")].map((li) => li.textContent);
      this.root.querySelector(".gd-said").textContent = [...settings, ...lines].join("; ");
    }

    // A click chooses the nearest of the places that set controls.
    pick(panel, event) {
      const { x, y, shape, controls } = this.data.targets;
      const box = panel.getBoundingClientRect();
      const scale = panel.viewBox.baseVal.width / box.width;
      const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      const distance = x.map((_, i) => Math.hypot(x[i] - px, y[i] - py));
      let nearest = distance.indexOf(Math.min(...distance));
      const places = {};
      for (let k = controls.length - 1; k >= 0; k--) {
        places[controls[k]] = nearest % shape[k];
        nearest = Math.floor(nearest / shape[k]);
      }
      this.pause();
      this.set(places);
    }

    // One step on; false at the last one.
    step() {
      const k = this.lengths.length - 1;
      if (this.at[k] >= this.lengths[k] - 1) return false;
      this.set({ [k]: this.at[k] + 1 });
      return true;
    }

    run() {
      const k = this.lengths.length - 1;
      if (this.at[k] >= this.lengths[k] - 1) this.set({ [k]: 0 });
      this.timer = setInterval(() => this.step() || this.pause(), PLAY / this.lengths[k]);
      this.play.textContent = "Pause";
    }

    pause() {
      clearInterval(this.timer);
      this.timer = null;
      if (this.play) this.play.textContent = "Play";
    }

    // A race runs once when it comes into view, unless the reader wants no motion.
    playWhenSeen() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      const observer = new IntersectionObserver(
        (entries) => {
          if (!entries.some((entry) => entry.isIntersecting)) return;
          observer.disconnect();
          if (!this.timer && !this.speech) this.run();
        },
        { threshold: 0.6 },
      );
      observer.observe(this.root.querySelector(".gd-panels"));
    }

    // Go to the setting that the page's address names, such as #demo-valley:lr=0.1&start=2: a
    // slider to the nearest value of its grid, a menu to the choice of that number.
    follow() {
      const [name, setting] = location.hash.slice(1).split(":");
      if (name !== this.name || !setting) return;
      const places = {};
      for (const [control, value] of new URLSearchParams(setting)) {
        const k = this.data.controls.findIndex((other) => other.name === control);
        if (k < 0) continue;
        const menu = this.inputs[k].tagName === "SELECT";
        const miss = this.data.controls[k].values.map((v, i) => Math.abs((menu ? i : v) - value));
        const best = miss.indexOf(Math.min(...miss));
        if (best >= 0) places[k] = best; // not where the value is no number
      }
      this.pause();
      this.set(places);
      this.root.scrollIntoView({ block: "nearest" });
    }
  }

  function start() {
    for (const root of document.querySelectorAll(".gd-demo:not([data-ready])")) {
      new Player(root).follow();
    }
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
