from pathlib import Path
from typing import get_args

import msgspec
import pytest

from bridge_protocol import schema
from bridge_protocol.errors import ErrorCode

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
KINDS = [*get_args(schema.ClientMessage), *get_args(schema.EngineMessage)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__struct_config__.tag)
def test_the_page_names_every_message_and_all_its_fields(kind):
    assert f"`{kind.__struct_config__.tag}`" in PAGE
    for field in msgspec.structs.fields(kind):
        assert f"`{field.name}`" in PAGE or f"`{field.name}?`" in PAGE, field.name


@pytest.mark.parametrize("code", ErrorCode)
def test_the_page_explains_every_error_code(code):
    assert f"`{code}`" in PAGE
