from pathlib import Path

from bridge_protocol.generate.parameters_page import page
from bridge_protocol.parameters import PARAMETERS

PAGE = Path(__file__).parents[2] / "docs" / "parameters.md"


def test_the_page_in_the_docs_is_the_registrys():
    assert PAGE.read_text() == page()


def test_the_page_names_every_parameter_once():
    for spec in PARAMETERS:
        assert page().count(f"| `{spec.name}` |") == 1
