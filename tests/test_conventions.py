"""The convention ledger: its recipes hold, and the page shows what was measured."""

import inspect

import pytest

from gdcourse import rules
from tests.conventions import METHODS, evaluate, walk_ours, walk_theirs
from tests.frameworks import difference
from tools.ledger import FRAMEWORKS, PAGE, page

FORMS = [
    pytest.param(method, framework, getattr(method, framework).recipe, id=f"{method.name} {name}")
    for method in METHODS
    for framework, name in FRAMEWORKS.items()
    if getattr(method, framework)
]
NO_COUNTERPART = {
    *("SignSGD", "AdaBound", "SWATS", "Shampoo", "SOAP"),  # in none of the three by default
    *("Lookahead", "ScheduleFree", "Groups", "Rule"),  # around other rules
}


@pytest.mark.parametrize(("method", "framework", "recipe"), FORMS)
def test_recipe_makes_ours_equal_to_theirs(method, framework, recipe):
    theirs = walk_theirs(method, framework)
    apart = difference(walk_ours(method.ours.call), theirs)
    if recipe:
        assert difference(walk_ours(recipe), theirs) < 1e-12
        assert (apart < 1e-12) == (evaluate(recipe) == evaluate(method.ours.call)), (
            "a recipe that differs from the default must be needed"
        )
    else:
        assert apart > 1e-12


def test_page_shows_what_the_tests_measure():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.ledger`"


def test_every_rule_that_a_framework_has_is_in_the_ledger():
    ours = {name for name in rules.__all__ if inspect.isclass(getattr(rules, name))}
    assert {method.name for method in METHODS} == ours - NO_COUNTERPART
