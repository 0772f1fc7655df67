"""Demos without a browser: their sweep, their data, their words, and what they refuse."""

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from gdcourse import descend
from gdcourse.demos import Choice, Curves, Demo, Map, Paths, Race, Slider
from gdcourse.demos.demo import at
from gdcourse.demos.faces import page
from gdcourse.demos.panel import FAR, GLYPHS, LEAVING, MISSING, Panel, Trail, drawn, every
from gdcourse.demos.words import number
from gdcourse.landscapes import DoubleWell, NarrowValley
from gdcourse.palette import METHODS
from gdcourse.rules import SGD, Momentum
from tests import demos_of_each_kind
from tests.demos_of_each_kind import KINDS, WORDS

ROOT = Path(__file__).resolve().parents[1]
each_kind = pytest.mark.parametrize("demo", [make() for make in KINDS], ids=lambda d: d.name)


def data_of(demo: Demo) -> dict:
    return json.loads(BeautifulSoup(page(demo, inline=False), "html.parser").find("script").string)


def unpack(array: dict) -> np.ndarray:
    differences = np.frombuffer(base64.b64decode(array["codes"]), "<u2")
    return np.cumsum(differences, dtype=np.uint16).reshape(array["shape"])


def row(control: dict, value: float) -> int:
    return control["values"].index(value)


# --- one truth


def test_setting_of_the_sweep_is_the_single_run_bit_for_bit():
    demo = demos_of_each_kind.paths()
    for i, start in enumerate(demo.starts.values()):
        for k, lr in enumerate(demo.grid["lr"].values):
            alone = descend(demo.function.gradient, start, SGD(lr), demo.num_steps).x
            assert np.array_equal(demo.results["SGD"][i, k, 0], alone)


@each_kind
def test_each_setting_says_on_the_page_what_a_run_of_its_own_says(demo: Demo):
    data = data_of(demo)
    lengths = [len(control["values"]) for control in data["controls"]]
    rng = np.random.default_rng(0)
    for place in rng.choice(np.prod(lengths), size=12, replace=False):
        where = np.unravel_index(place, lengths)
        setting = {
            name: control.values[i]
            for i, (name, control) in zip(where, demo.grid.items(), strict=True)
        }
        assert [words[place] for words in data["words"]] == list(demo.words(**setting).values())


@each_kind
def test_live_face_draws_and_says_what_the_page_does(demo: Demo):
    still = BeautifulSoup(page(demo, inline=False), "html.parser")
    live = BeautifulSoup(
        "".join(html.value for html in (*demo.live._fronts, demo.live._words)), "html.parser"
    )
    assert str(live.select(".gd-front")) == str(still.select(".gd-front"))
    assert str(live.select(".gd-words li")) == str(still.select(".gd-words li"))


@each_kind
@pytest.mark.parametrize("end", [0, None, -1], ids=["min", "default", "max"])
def test_every_control_moves_the_live_face(demo: Demo, end: int | None):
    for name, control in demo.grid.items():
        before = demo.live._words.value + "".join(html.value for html in demo.live._fronts)
        value = control.value if end is None else control.values[end]
        demo.controls[name].value = value
        shown = demo.live._words.value + "".join(html.value for html in demo.live._fronts)
        assert (shown != before) == (value != control.value)
        demo.controls[name].value = control.value
        assert demo.live._words.value + "".join(html.value for html in demo.live._fronts) == before


def test_live_face_takes_any_number_and_its_slider_follows():
    demo = demos_of_each_kind.paths()
    demo.controls["lr"].value = 0.0123
    assert demo.words(lr=0.0123)["SGD"] in demo.live._words.value
    assert demo.words(lr=0.0123) != demo.words(lr=demo.grid["lr"].values[0])
    row = demo.live.widget.children[4]  # after the style, the picture, the words and the start
    slider, field = row.children
    assert slider.value == demo.grid["lr"].nearest(0.0123)
    assert field.value == 0.0123
    slider.value = 0
    assert field.value == demo.grid["lr"].values[0]


def test_live_face_says_why_a_value_cannot_be():
    demo = demos_of_each_kind.paths()
    demo.controls["lr"].value = -1.0
    assert "lr must lie in [0, inf)" in demo.live._words.value
    demo.controls["lr"].value = 0.02
    assert demo.words(lr=0.02)["SGD"] in demo.live._words.value


@each_kind
def test_marks_are_on_the_grid_and_their_buttons_go_there(demo: Demo):
    for index, setting in enumerate(demo.marks.values()):
        demo.live.widget.children[-1].children[index + bool(demo.play)].click()
        for name, value in setting.items():
            assert demo.controls[name].value == value
            assert value in list(demo.grid[name].values)


def test_page_for_a_site_has_no_widget_and_no_player(monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **_: shown.extend(args))
    monkeypatch.setenv("GDCOURSE_DEMO", "html")
    demo = demos_of_each_kind.curves()
    demo._ipython_display_()
    assert len(shown) == 1
    assert "live" not in vars(demo)
    html = BeautifulSoup(shown[0]["text/html"], "html.parser")
    assert [tag["type"] for tag in html("script")] == ["application/json"]
    assert not html("style")
    assert "w 2.254×10⁻⁵ at step 30" in shown[0]["text/plain"]


def test_notebook_gets_both_faces_and_the_player_in_each_output(monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **_: shown.extend(args))
    monkeypatch.delenv("GDCOURSE_DEMO", raising=False)
    for _ in range(2):
        shown.clear()
        demo = demos_of_each_kind.curves()
        demo._ipython_display_()
        assert shown[0] is demo.live.widget
        assert "class Player" in shown[1]["text/html"]
        assert ".gd-row {" in shown[1]["text/html"]


# --- the data


@each_kind
def test_picture_is_exact_to_a_tenth_of_a_point(demo: Demo):
    for trail in demo.trails:
        panel = demo.panels[trail.panel]
        codes = np.stack(np.broadcast_arrays(*panel.codes(trail.x, trail.y)), axis=-1)
        x, y = np.broadcast_arrays(trail.x, trail.y)
        with np.errstate(all="ignore"):
            exact = panel.axes.transData.transform(np.stack([x, y], -1).reshape(-1, 2))
        exact = 10 * (exact * [1, -1] + [0, panel.height]).reshape(codes.shape)
        near = (codes != MISSING).all(-1) & (np.abs(exact) < LEAVING).all(-1)
        assert near.any()
        assert np.abs(codes[near].astype(float) - FAR - exact[near]).max() <= 0.5 + 1e-6


@each_kind
def test_arrays_survive_the_packing_and_none_is_sent_twice(demo: Demo):
    data = data_of(demo)
    arrays = [unpack(array) for array in data["arrays"]]
    for trail, sent in zip(demo.trails, data["trails"], strict=True):
        x, y = demo.panels[trail.panel].codes(trail.x, trail.y)
        assert np.array_equal(arrays[sent["x"]], x)
        assert np.array_equal(arrays[sent["y"]], y)
    assert len({(array.shape, array.tobytes()) for array in arrays}) == len(arrays)


@each_kind
def test_demo_is_light(demo: Demo):
    assert len(gzip.compress(page(demo, inline=False).encode())) <= 150_000


@each_kind
def test_every_setting_is_finite_or_said_to_leave(demo: Demo):
    data = data_of(demo)
    for words in data["words"]:
        for text in words:
            assert re.search(r"\d|level|leaves|left|not a number", text)
            assert "nan" not in text and "inf" not in text


# --- what is drawn


def test_path_leaves_in_its_own_direction_and_is_not_drawn_after():
    panel = Panel(lambda ax: ax.set(xlim=(0, 1), ylim=(0, 1)))
    x, y = np.array([0.5, 0.6, 1e9, 2e9, np.nan]), np.array([0.5, 0.5, 1e9, -1e9, np.nan])
    xs, ys = panel.codes(x, y)
    assert (xs[3:] == MISSING).all() and (ys[3:] == MISSING).all()
    way = np.array([xs[2], ys[2]], dtype=float) - [xs[1], ys[1]]
    unit = panel.axes.transData.transform([[1, 1], [0, 0]])
    slope = (unit[0] - unit[1])[1] / (unit[0] - unit[1])[0]
    assert -way[1] / way[0] == pytest.approx(slope, rel=1e-3)
    assert max(abs(xs[2] - float(FAR)), abs(ys[2] - float(FAR))) == pytest.approx(LEAVING, abs=1)


def test_axis_that_settings_share_is_whole_where_the_first_of_them_diverges():
    panel = Panel(lambda ax: ax.set(xlim=(0, 3), ylim=(0, 1)))
    y = np.array([[0.5, np.nan, np.inf, np.nan], [0.1, 0.2, 0.3, 0.4]])
    xs, ys = panel.codes(np.arange(4), y)
    assert xs.shape == (4,) and ys.shape == (2, 4)
    assert MISSING not in xs and MISSING not in ys[1]
    assert (ys[0, 1:] == MISSING).all() and ys[0, 0] != MISSING


@each_kind
def test_what_moves_finds_the_axes_where_they_are_drawn(demo: Demo):
    for panel in demo.panels:
        low, high = panel.axes.get_xlim()
        ticks = [tick for tick in panel.axes.get_xticks() if low <= tick <= high]
        xs, ys = panel.codes(np.array(ticks), np.full(len(ticks), panel.axes.get_ylim()[0]))
        drawn_at = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', panel.back)
        for point in np.column_stack([xs, ys]).astype(float):
            apart = np.abs(np.array(drawn_at, dtype=float) - (point - FAR) / 10)
            assert apart.max(axis=1).min() < 0.1


def test_lines_have_gaps_where_points_are_missing_and_end_at_the_cut():
    look = METHODS["SGD"]
    xs = np.array([0, 10, MISSING, 30, 40, 50], dtype=np.uint16) + np.uint16(0)
    ys = np.array([5, 5, MISSING, 5, 5, 5], dtype=np.uint16)
    trail = Trail(0, xs, ys, look, "curve")
    line, dots = drawn(trail, xs, ys, cut=4)
    at_ = [f"{x - FAR} {5 - FAR}" for x in (0, 10, 30, 40)]
    assert line == f"M{at_[0]}L{at_[1]}M{at_[2]}L{at_[3]}"
    assert dots == f"M{at_[3]}{GLYPHS['o']}"


def test_every_method_s_marker_can_be_drawn():
    assert {look.marker for look in METHODS.values()} <= GLYPHS.keys()


def test_long_paths_have_few_dots():
    assert [every(rows) for rows in (1, 40, 41, 400)] == [1, 1, 2, 10]


def test_diverging_path_is_said_to_leave():
    words = demos_of_each_kind.paths().words(lr=0.1)["SGD"]
    assert re.match(r"diverges: leaves the picture at step \d+, .* above the minimum", words)
    long = Paths(
        "long", NarrowValley(kappa=25), {"SGD": SGD}, starts=[(-1, 1)], num_steps=900,
        controls={"lr": Slider([0.1, 0.2], 0.2, "rate")}, **WORDS,
    )  # fmt: skip
    assert "has left the range of numbers" in long.words(lr=0.2)["SGD"]


def test_curve_that_overflows_is_said_to_leave_without_a_warning():
    runs = {"SGD": lambda lr: np.array([[1.0, 1.0], [1.0, np.inf]])}
    controls = {"lr": Slider([0.1, 0.2], 0.1, "rate")}
    far = Curves("far", runs, controls=controls, ylim=(0, 2), **WORDS)
    assert far.words_of(far.results, [1], {"lr": 0.2})["SGD"].startswith("leaves the picture")


def test_one_dimensional_landscape_is_walked_on_its_graph():
    well = DoubleWell()
    demo = Paths(
        "well", well, {"SGD": SGD}, starts=[(1.8,), (-1.8,)],
        controls={"lr": Slider([0.01, 0.1], 0.1, "rate")}, **WORDS,
    )  # fmt: skip
    path = demo.trails[0]
    assert np.array_equal(path.y, well(path.x[..., None]))
    assert demo.targets() is None


# --- the kinds


def test_rule_that_does_not_name_a_control_does_not_feel_it():
    demo = Paths(
        "two", NarrowValley(), {"SGD": SGD, "Momentum": Momentum}, starts=[(-1, 1)],
        controls={"lr": Slider([0.01, 0.02], 0.01, "rate"),
                  "momentum": Slider([0.5, 0.8, 0.9], 0.9, "momentum")}, **WORDS,
    )  # fmt: skip
    assert demo.results["SGD"].shape == (2, 1, 51, 2)
    assert demo.results["Momentum"].shape == (2, 3, 51, 2)
    assert demo.words(momentum=0.5)["SGD"] == demo.words(momentum=0.9)["SGD"]
    assert demo.words(momentum=0.5)["Momentum"] != demo.words(momentum=0.9)["Momentum"]


def test_race_is_at_each_rule_s_own_rate_or_all_at_one():
    demo = demos_of_each_kind.race()
    own, common = demo.grid["rates"].values
    valley, start = demo.function, next(iter(demo.starts.values()))
    for rates, lr in ((own, 0.039), (common, 0.01)):
        end = descend(valley.gradient, start, SGD(lr), 40).x[-1]
        assert demo.words(rates=rates)["SGD"].startswith(number(valley(end)))


def test_race_of_the_first_page_is_at_tuned_rates():
    intro = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    rates = {name: float(lr) for name, lr in re.findall(r'"(SGD|Momentum)": (0\.\d+)', intro)}
    valley, grid = NarrowValley(kappa=50), np.geomspace(1e-3, 0.2, 200)
    for name, rule in (("SGD", SGD(grid[:, None])), ("Momentum", Momentum(grid[:, None], 0.7))):
        ends = valley(descend(valley.gradient, [-1.1, -0.2], rule, 40).x[-1])
        assert rates[name] == pytest.approx(grid[np.nanargmin(ends)], rel=0.01)


def test_race_tells_each_step():
    demo = demos_of_each_kind.race()
    assert "after 1 step" in demo.words(step=1)["SGD"]
    assert number(demo.function(next(iter(demo.starts.values())))) in demo.words(step=0)["SGD"]


def test_band_reaches_from_the_tenth_to_the_ninetieth_percentile():
    demo = demos_of_each_kind.curves()
    band, line = [trail for trail in demo.trails if trail.look.marker == "v"]
    runs = at(demo.results["Stochastic"], (0, 3))
    low, middle, high = np.percentile(runs, [10, 50, 90], axis=-1)
    assert np.array_equal(band.y[0, 3], [*low, *high[::-1]])
    assert np.array_equal(line.y[0, 3], middle)


def test_looped_control_comes_one_value_at_a_time_and_swept_ones_as_arrays():
    seen = []

    def run(lr, units):
        seen.append((lr.shape, units))
        return np.ones((3, len(lr)))

    Curves(
        "loop", {"line": run}, ylim=(0, 2), controls={
            "lr": Slider([0.1, 0.2], 0.1, "rate"),
            "units": Slider([1, 2, 4], 2, "units", loop=True)}, **WORDS,
    )  # fmt: skip
    assert seen == [((2, 1), 1), ((2, 1), 2), ((2, 1), 4)]


def test_map_colours_a_cell_by_the_end_of_its_curve():
    demo = demos_of_each_kind.heat_map()
    (mesh,) = [c for c in demo.panels[0].axes.collections if hasattr(c, "get_coordinates")]
    last = demo.results["loss"][:, :, -1, 0]  # units, rates
    colours = mesh.get_array().reshape(last.shape[::-1] if demo.up == "lr" else last.shape)
    colours = colours.T if demo.up == "lr" else colours
    inside = (last >= 1e-9) & (last <= 2)
    assert np.array_equal(colours.mask, ~inside)
    assert np.array_equal(colours.data[inside], last[inside])


def test_direction_along_the_gradient_is_the_steepest():
    demo = demos_of_each_kind.directions()
    slopes = demo.results["slope"].ravel()
    assert demo.words(angle=np.rad2deg(np.arctan2(4, 3)))["u"].startswith(
        "directional derivative 5"
    )
    assert np.abs(slopes).max() <= 5


# --- numbers as they are read


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.25, "0.25"), (-4.963, "−4.96"), (1234.5, "1,234"), (1.2e-5, "1.2×10⁻⁵"),
     (-3e12, "−3×10¹²"), (100, "100"), (float("inf"), "∞"), (float("-inf"), "−∞"),
     (float("nan"), "not a number"), (np.float64(0.1), "0.1"), (99_999.6, "100,000")],
)  # fmt: skip
def test_number_is_short_and_has_a_true_minus(value, text):
    assert number(value) == text


# --- what is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Slider([1.0], 1, "a"), "values must be 2 or more increasing"),
        (lambda: Slider([1, 1], 1, "a"), "values must be 2 or more increasing"),
        (lambda: Slider([1, np.nan], 1, "a"), "values must lie in"),
        (lambda: Slider([1, 2], 3, "a"), "value must lie in"),
        (lambda: Choice(["a"], "b"), "values must be 2 or more words"),
        (lambda: Choice(["a", "b"], "c", "d"), "value must be one of 'a', 'b', got 'd'"),
        (lambda: demos_of_each_kind.curves().words(rate=1), "setting must be one of 'pace', 'lr'"),
        (lambda: bad_curves(name="A b"), "name must be small letters"),
        (lambda: bad_curves(caption=" "), "caption must say something"),
        (lambda: bad_curves(alt=""), "alt must say something"),
        (lambda: bad_curves(marks={"m": {"rate": 1}}), "marks must be one of 'lr', got 'rate'"),
        (lambda: bad_curves(marks={"m": {"lr": 9}}), "value must lie in"),
        (lambda: bad_paths(starts=[1, 2]), r"starts must have shape \(k, 2\)"),
        (lambda: bad_race(rates={"NAG": 1}), "rates must name the runs"),
        (lambda: bad_map(), "a map needs 2 controls and 1 run"),
    ],
)
def test_bad_input_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def lr() -> dict:
    return {"lr": Slider([0.1, 0.2], 0.1, "rate")}


def bad_curves(name="good", **changes):
    run = {"line": lambda lr: np.ones((3, len(lr)))}
    Curves(name, run, **{"controls": lr(), "ylim": (0, 1)} | WORDS | changes)


def bad_paths(**changes):
    Paths("good", NarrowValley(), {"SGD": SGD}, controls=lr(), **WORDS | changes)


def bad_race(**changes):
    Race("good", NarrowValley(), {"SGD": SGD}, common=0.1, starts=[(1, 1)], **WORDS | changes)


def bad_map():
    Map("good", {"line": lambda lr: np.ones((3, len(lr)))}, controls=lr(), ylim=(0, 1), **WORDS)
