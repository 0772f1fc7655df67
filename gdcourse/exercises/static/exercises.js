// Numeric and choice exercises check themselves on a page without a kernel. Answers and feedback come from the same
// Python source as `check`, in the form's data; `judge` below decides as its namesakes in exercise.py do.
(() => {
  const NUMBER = /^\s*([-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+−]?\d+)?)\s*(%?)\s*$/;

  function read(text) {
    const parts = text.split("/").map((part) => NUMBER.exec(part));
    if (parts.length > 2 || parts.includes(null)) return NaN;
    const [top, bottom = 1] = parts.map(([, digits, percent]) => Number(digits.replaceAll("−", "-")) / (percent ? 100 : 1));
    return Number.isFinite(top / bottom) ? top / bottom : NaN;
  }

  function closeness(error, ladder) {
    const step = ladder.find((bound) => error > 0 && error <= bound);
    return step === undefined ? "" : ` Yours is within ${Number((100 * step).toPrecision(6))} %.`;
  }

  const judge = {
    number(text, data) {
      const value = read(text);
      if (Number.isNaN(value)) return [false, data.notANumber];
      const error = Math.abs(value - data.answer) / Math.abs(data.answer);
      if (error <= data.tolerance) return [true, data.right + closeness(error, data.ladder)];
      const known = data.wrong.find(([wrong]) => Math.abs(value - wrong) <= data.tolerance * Math.abs(wrong));
      if (known) return [false, known[1]];
      if (error <= data.near) return [false, data.close + closeness(error, data.ladder)];
      if (value * data.answer < 0) return [false, data.sign];
      return [false, Math.abs(value) > Math.abs(data.answer) ? data.large : data.small];
    },
    choice: (letter, data) => data[letter] ?? [false, data.choose],
  };

  function enliven(form) {
    const data = JSON.parse(form.dataset.check);
    const answer = form.querySelector("output");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [passed, words] = judge[form.dataset.kind](String(new FormData(form).get("answer") ?? ""), data);
      answer.innerHTML = `<strong>${passed ? "✓" : "✗"}</strong> ${words}`;
      answer.className = passed ? "right" : "wrong";
    });
    form.hidden = false;
    form.previousElementSibling.hidden = true;
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form.gd-exercise").forEach(enliven));
})();
