// A page opened from the disk may not fetch its neighbours, so the search there shows titles without extracts.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
