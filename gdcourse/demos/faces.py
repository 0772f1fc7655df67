"""The two faces of a demo: a page that needs no kernel, and ipywidgets where one lives."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from .controls import Choice
from .panel import FAR, TENTHS, Trail, every

if TYPE_CHECKING:
    from .demo import Demo

Array = np.ndarray
Points = tuple[Array, Array]


def on_a_site() -> bool:
    """Say whether a site is being built: it has the player's files, and no kernel will answer."""
    return os.environ.get("GDCOURSE_DEMO") == "html"


def page(demo: Demo, *, inline: bool = True) -> str:
    """Return the still picture, and after it all that the player needs to move it.

    Parameters
    ----------
    demo : Demo
        What to show.
    inline : bool
        Bring the player and its style along, for a page that does not have them.
    """
    from .demo import at

    settings = [
        dict(zip(demo.values, values, strict=True))
        for values in itertools.product(*demo.values.values())
    ]
    places = list(np.ndindex(*map(len, demo.values.values())))
    words = [
        demo.words_of(demo.results, where, setting)
        for where, setting in zip(places, settings, strict=True)
    ]
    first = settings.index(demo.setting)
    arrays: dict[tuple, int] = {}  # equal arrays are sent once
    trails = []
    shown = []
    for trail in demo.trails:
        points = demo.panels[trail.panel].codes(trail.x, trail.y)
        x, y = (arrays.setdefault((*codes.shape, codes.tobytes()), len(arrays)) for codes in points)
        dots = {"style": trail.style, "dot": trail.shape, "every": every(trail.y.shape[-1])}
        trails.append({"x": x, "y": y, **dots})
        here_x, here_y = (at(codes[..., None], places[first])[..., 0] for codes in points)
        shown.append((here_x, here_y))
    data = {
        "controls": [
            {
                "name": name,
                "values": np.asarray(control.values).tolist(),
                "words": [control.word(value) for value in control.values],
            }
            for name, control in demo.grid.items()
        ],
        "arrays": [{"shape": shape, "codes": pack(codes)} for *shape, codes in arrays],
        "trails": trails,
        "words": [[said[name] for said in words] for name in words[0]],
        "far": FAR,
        "targets": _targets(demo),
    }
    style = f"<style>{_static('player.css')}</style>" if inline else ""
    player = f"<script>{_static('player.js')}</script>" if inline else ""
    return (
        f'{style}<figure class="gd-demo" id="demo-{demo.name}">'
        f"{picture(demo, fronts(demo, demo.trails, shown, demo.setting))}"
        f'<ul class="gd-words" id="demo-{demo.name}-words">{said(demo, words[first])}</ul>'
        f"{_controls(demo)}<figcaption>{escape(demo.caption)}</figcaption>"
        f'<script type="application/json">{_json(data)}</script></figure>{player}'
    )


def _static(name: str) -> str:
    return (resources.files("gdcourse") / "demos" / "static" / name).read_text("utf-8")


def pack(codes: bytes) -> str:
    """Return uint16 codes as base64 of their differences, which compress well."""
    values = np.frombuffer(codes, np.uint16)
    differences = np.diff(values, prepend=np.uint16(0))
    return base64.b64encode(differences.astype("<u2").tobytes()).decode()


def fronts(
    demo: Demo, trails: Sequence[Trail], points: Sequence[Points], setting: Mapping[str, Any]
) -> list[str]:
    """Return what moves, one SVG for each panel, from codes of shape (rows,)."""
    cut = setting.get("step", max(len(x) for x, _ in points))
    drawn = []
    for index, panel in enumerate(demo.panels):
        here = [i for i, trail in enumerate(trails) if trail.panel == index]
        drawn.append(panel.front([(i, trails[i]) for i in here], [points[i] for i in here], cut))
    return drawn


def picture(demo: Demo, moving: Sequence[str]) -> str:
    """Return the panels, what moves over what stands still."""
    panels = "".join(
        f'<div class="gd-panel" style="max-width:{panel.shown:.0f}px">'
        f"{_back(demo, index)}{front}</div>"
        for index, (panel, front) in enumerate(zip(demo.panels, moving, strict=True))
    )
    return (
        f'<div class="gd-panels" role="img" aria-label="{escape(demo.alt)}" '
        f'aria-describedby="demo-{demo.name}-words">{panels}</div>'
    )


def _back(demo: Demo, index: int) -> str:
    """Return a panel's still SVG, its ids made unlike those of all other pictures of a page."""
    own = rf"\g<0>{demo.name}-{index}-"
    return re.sub(r'(?<= id=")|(?<=url\(#)|(?<=href="#)', own, demo.panels[index].back)


def said(demo: Demo, words: Mapping[str, str]) -> str:
    """Return the words as list items, each with its line's sample: this is the legend too."""
    samples = {}
    for trail in reversed(demo.trails):
        dash = " ".join(f"{TENTHS * length:g}" for length in trail.look.dash) or "none"
        samples[trail.name] = (
            f'<svg class="gd-key" viewBox="0 0 320 120" style="color:{trail.look.color}" '
            f'aria-hidden="true"><path class="gd-line" stroke-dasharray="{dash}" d="M0 60H320"/>'
            f'<path class="gd-dots" d="M160 60{trail.shape}"/></svg>'
        )
    return "".join(
        f"<li>{samples.get(name, '') if name else ''}"
        f"{f'<b>{escape(name)}</b> ' if name else ''}<span>{escape(text)}</span></li>"
        for name, text in words.items()
    )


def _controls(demo: Demo) -> str:
    """Return native controls, which keyboards, fingers and screen readers know."""
    rows = []
    for index, (name, control) in enumerate(demo.grid.items()):
        own = f'id="demo-{demo.name}-{name}" data-control="{index}"'
        first = list(control.values).index(control.value)
        if isinstance(control, Choice):
            options = "".join(
                f"<option{' selected' * (i == first)}>{escape(word)}</option>"
                for i, word in enumerate(control.values)
            )
            turned = f"<select {own}>{options}</select><output></output>"
        else:
            word = escape(control.word(control.value))
            turned = (
                f'<input type="range" {own} min="0" max="{len(control.values) - 1}" '
                f'value="{first}" aria-valuetext="{word}"><output>{word}</output>'
            )
        label = f'<label for="demo-{demo.name}-{name}">{escape(control.label)}</label>'
        rows.append(f'<div class="gd-row">{label}{turned}</div>')
    buttons = []
    if demo.play:
        buttons.append('<button type="button" class="gd-play">Play</button>')
        buttons.append('<button type="button" class="gd-step">Step</button>')
    for label, setting in demo.marks.items():
        places = {
            list(demo.grid).index(name): list(demo.values[name]).index(value)
            for name, value in setting.items()
        }
        mark = escape(json.dumps(places))
        buttons.append(f'<button type="button" data-mark="{mark}">{escape(label)}</button>')
    return (
        f'<div class="gd-controls">{"".join(rows)}<div class="gd-buttons">{"".join(buttons)}'
        f'<a class="gd-link" href="#demo-{demo.name}">Link to this setting</a></div>'
        '<p class="gd-said" role="status"></p></div>'
    )


def _targets(demo: Demo) -> dict[str, Any] | None:
    """Return where a click sets controls, in tenths of a point."""
    targets = demo.targets()
    if targets is None:
        return None
    x, y = demo.panels[targets["panel"]].codes(targets["x"], targets["y"])
    return {
        "panel": targets["panel"],
        "controls": [list(demo.grid).index(name) for name in targets["controls"]],
        "shape": x.shape,
        "x": (x.astype(int) - FAR).ravel().tolist(),
        "y": (y.astype(int) - FAR).ravel().tolist(),
    }


def _json(data: Any) -> str:
    """Return JSON that cannot end the script element that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=int)
    return text.replace("</", "<\\/")


class Live:
    """Sliders of ipywidgets that run the simulation anew, for any value, and draw the result.

    Attributes
    ----------
    widget : ipywidgets.VBox
        What is displayed.
    controls : dict of str to widget
        The controls, by name.
    """

    def __init__(self, demo: Demo) -> None:
        import ipywidgets as ui

        self.demo = demo
        quick = all(
            isinstance(control, Choice) or not control.loop for control in demo.grid.values()
        )
        widgets = {name: control.widgets(quick) for name, control in demo.grid.items()}
        self.controls = {name: field for name, (field, _) in widgets.items()}
        rows = [
            ui.HBox([shown] if shown is field else [shown, field])
            for field, shown in widgets.values()
        ]
        self._fronts = [ui.HTML() for _ in demo.panels]
        self._words = ui.HTML()
        panels = []
        for index, (panel, front) in enumerate(zip(demo.panels, self._fronts, strict=True)):
            layout = {"max_width": f"{panel.shown:.0f}px"}
            panels.append(ui.Box([ui.HTML(_back(demo, index)), front], layout=layout))
            panels[-1].add_class("gd-panel")
        picture = ui.Box(panels)
        picture.add_class("gd-panels")
        buttons: list[Any] = []
        if demo.play:
            buttons.append(ui.Play(value=demo.play, max=demo.play))
            ui.jslink((buttons[0], "value"), (widgets["step"][1], "value"))
        for label, setting in demo.marks.items():
            buttons.append(ui.Button(description=label))
            buttons[-1].on_click(lambda _, setting=setting: self.set(**setting))
        for field in self.controls.values():
            field.observe(lambda _: self.draw(), "value")
        style = ui.HTML(f"<style>{_static('player.css')}</style>")
        self.widget = ui.VBox([style, picture, self._words, *rows, ui.HBox(buttons)])
        self.widget.add_class("gd-face")
        self.draw()

    def set(self, **setting: Any) -> None:
        """Move controls to a setting."""
        for name, value in setting.items():
            self.controls[name].value = value

    def draw(self) -> None:
        """Run the simulation where the controls stand, and show it, or say why it cannot run."""
        demo = self.demo
        setting = {name: control.value for name, control in self.controls.items()}
        values = {name: [value] for name, value in setting.items()}
        try:
            results = demo.sweep(values)
        except ValueError as error:
            self._words.value = f'<p class="gd-words">{escape(str(error))}</p>'
            return
        trails = demo.make_trails(results, values)
        points = [demo.panels[trail.panel].codes(trail.x, trail.y) for trail in trails]
        points = [(x.ravel(), y.ravel()) for x, y in points]
        for front, svg in zip(self._fronts, fronts(demo, trails, points, setting), strict=True):
            front.value = svg
        words = demo.words_of(results, [0] * len(setting), setting)
        self._words.value = f'<ul class="gd-words">{said(demo, words)}</ul>'
