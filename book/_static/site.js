// A page opened from the disk may not fetch its neighbours, so the search there shows titles
// without extracts.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

// An equation wider than the page scrolls inside itself; the keyboard must reach it for that.
function letKeyboardScrollEquations() {
  for (const equation of document.querySelectorAll("mjx-container[display=true]")) {
    const wide = equation.scrollWidth > equation.clientWidth;
    equation.toggleAttribute("tabindex", false);
    if (wide) equation.tabIndex = 0;
  }
}

window.addEventListener("load", async () => {
  if (!window.MathJax) return;
  await MathJax.startup.promise;
  letKeyboardScrollEquations();
  window.addEventListener("resize", letKeyboardScrollEquations);
});
