"""Figures: what is drawn, in which colours, and that the palette reads on white and on dark."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from gdcourse import palette, plots, rules
from gdcourse.landscapes import Beale, DoubleWell, Himmelblau, Quadratic, Saddle


@pytest.fixture(autouse=True)
def figures():
    mpl.use("agg")
    plots.use()
    yield
    plt.close("all")


def luminance(color):
    channels = np.array(mpl.colors.to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


COLORS = sorted({look.color for look in palette.METHODS.values()} | set(palette.CYCLE))


@pytest.mark.parametrize("color", COLORS)
def test_every_colour_reads_on_white_and_on_the_dark_page(color):
    on_white = 1.05 / (luminance(color) + 0.05)
    on_dark = (luminance(color) + 0.05) / (luminance("#14181e") + 0.05)
    assert min(on_white, on_dark) >= 3


def test_style_sheet_has_the_colours_of_the_palette():
    cycle = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
    assert [mpl.colors.to_hex(color) for color in cycle] == list(palette.CYCLE)
    assert mpl.rcParams["text.color"] in (palette.GREY, palette.GREY[1:], "#" + palette.GREY)


def test_no_two_methods_look_alike():
    looks = [look for name, look in palette.METHODS.items() if name != "Batch"]
    assert len(set(looks)) == len(looks) - 1  # mini-batch shares Adagrad's: never together


def test_every_rule_and_average_has_a_look():
    averages = {"PolyakRuppert", "SWA", "EMA"}
    methods = {name for name in rules.__all__ if name[0].isupper()} - {"Rule", "Groups"}
    assert methods | averages <= set(palette.METHODS)


def test_path_is_drawn_in_its_methods_colour_with_an_open_ring_at_the_start():
    x = np.array([[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]])
    ax = plots.landscape(Quadratic([1.0, 2.0]), {"Momentum": x})
    line = next(line for line in ax.lines if len(line.get_xdata()) == 3)
    assert mpl.colors.to_hex(line.get_color()) == palette.METHODS["Momentum"].color
    ring = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    assert ring[0].get_xdata()[0] == 1.0
    assert [text.get_text() for text in ax.texts] == ["Momentum"]


@pytest.mark.parametrize(
    ("function", "stars", "crosses"),
    [(Himmelblau(), 4, 4), (Saddle(), 0, 1), (Beale(), 1, 1), (DoubleWell(), 2, 0)],
)
def test_minima_are_stars_and_saddles_crosses(function, stars, crosses):
    ax = plots.landscape(function)
    markers = [line.get_marker() for line in ax.lines]
    assert (markers.count("*"), markers.count("x")) == (stars, crosses)


def test_diverging_path_is_drawn_leaving_and_breaks_nothing():
    x = np.array([[1.0, 1.0], [-3.0, 1.0], [9.0, 1.0], [1e200, 1.0], [np.nan, np.inf]])
    ax = plots.landscape(Quadratic([1.0, 2.0]), {"SGD": x})
    lengths = [len(line.get_xdata()) for line in ax.lines]
    assert 2 in lengths  # up to the last point within a few windows' widths
    assert ax.get_xlim() == (-1.2, 1.2)
    ax.figure.canvas.draw()


def test_runs_are_a_median_within_a_band():
    values = np.arange(10.0)[:, None] + np.arange(5.0)
    ax = plots.curves({"SGD": values})
    assert ax.lines[0].get_ydata().tolist() == values[:, 2].tolist()
    assert len(ax.collections) == 1


def test_labels_of_lines_that_end_together_do_not_overlap():
    ax = plots.curves({"SGD": [3.0, 1.0], "Adam": [2.0, 1.0], "RMSprop": [4.0, 1.01]})
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_panels_are_side_by_side():
    axes = plots.panels(3)
    assert len(axes) == 3 and len({ax.figure for ax in axes}) == 1


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.landscape(Quadratic([1.0, 1, 1])), "function must have 1 or 2 dimensions"),
        (
            lambda: plots.landscape(Saddle(), {"SGD": np.zeros((3, 1))}),
            r"paths\['SGD'\] must have shape \(steps, 2\), got \(3, 1\)",
        ),
        (lambda: plots.curves({"SGD": []}), r"series\['SGD'\] must have shape \(steps,\) or"),
        (lambda: plots.curves({"SGD": np.zeros((2, 2, 2))}), r"got \(2, 2, 2\)"),
    ],
)
def test_bad_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
