"""Numbers as a reader reads them, the same in the picture's words, the labels and the page."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """Return a number to so many significant digits, with a true minus and powers of ten."""
    value = float(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "−∞"[value > 0 :]
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        text = f"{value:.{digits}g}"
        if "e" in text or value == int(value):
            text = f"{value:,.0f}"
        return text.replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPTS)}"
