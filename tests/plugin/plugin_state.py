"""The plugin's saved state as each format writes it, made from words.

``words``: state key -> text. ``values``: control name -> value.
"""

import re

PREFIX = "urn:anacrusis:bridge:"


def dpf(words, values=None):
    """The bytes of a VST3 component's and of a CLAP plugin's state."""
    parts = ["__dpf_state_begin__"]
    parts += [part for pair in words.items() for part in pair]
    parts += ["__dpf_state_end__", "__dpf_parameters_begin__"]
    parts += [str(part) for pair in (values or {}).items() for part in pair]
    parts += ["__dpf_parameters_end__"]
    return b"".join(part.encode() + b"\0" for part in parts) + b"\xfe\0"


def words_of(state):
    """state key -> text, of the bytes that :func:`dpf` writes."""
    parts = [part.decode() for part in state.split(b"\0")[:-2]]
    first, last = parts.index("__dpf_state_begin__"), parts.index("__dpf_state_end__")
    inner = parts[first + 1 : last]
    return dict(zip(inner[::2], inner[1::2], strict=True))


def with_lv2_words(turtle, words, prefix=PREFIX):
    """A state in Turtle, as lilv writes it, with the words replaced."""
    inner = " ;\n\t\t".join(f"<{prefix}{key}> {_quoted(text)}" for key, text in words.items())
    text = f"state:state [\n\t\t{inner}\n\t] ."
    changed, count = re.subn(
        r"state:state \[.*?\n\t\] \.", lambda _: text, turtle, count=1, flags=re.DOTALL
    )
    assert count == 1, f"no state in {turtle}"
    return changed


def lv2_words_of(turtle, prefix=PREFIX):
    """state key -> text, of a state in Turtle as lilv writes it."""
    words = {}
    quoted = r'"""(?P<long>(?:[^\\]|\\.)*?)"""|"(?P<short>(?:[^"\\]|\\.)*)"'
    for found in re.finditer(rf"<{re.escape(prefix)}(?P<key>\w+)> (?:{quoted})", turtle):
        text = found["short"] if found["long"] is None else found["long"]
        words[found["key"]] = re.sub(r"\\(.)", _unescaped, text)
    return words


def _unescaped(found):
    return {"n": "\n", "t": "\t"}.get(found[1], found[1])


def _quoted(text):
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'
