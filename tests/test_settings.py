"""The options of the server: one declaration, from which command, environment, signature and help follow."""

import dataclasses
import inspect
import json
import logging

import pytest

from netdash.cli import serve as command
from netdash.serve import serve
from netdash.server.operations import JsonLines
from netdash.server.settings import OPTIONS, ServeError, Settings

FIELDS = {setting.name: setting for setting in dataclasses.fields(Settings)}


def test_the_command_has_every_option_that_has_a_flag():
    given = {parameter.name: parameter for parameter in command.params}
    assert set(given) == {name for name, found in OPTIONS.items() if found.flag}
    for name, parameter in given.items():
        assert parameter.opts == [f"--{OPTIONS[name].flag}"]
        assert parameter.envvar == OPTIONS[name].variable
        assert parameter.help == OPTIONS[name].help


def test_a_line_of_the_log_can_be_json():
    record = logging.LogRecord("netdash", logging.ERROR, "", 0, "A %s message.", ("redacted",), None)
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["message"]) == ("error", "A redacted message.")
    assert line["time"].endswith("Z")


def test_serve_takes_every_option_and_its_docstring_says_what_it_does():
    taken = inspect.signature(serve).parameters
    assert {name: parameter.default for name, parameter in taken.items()} == {
        name: setting.default for name, setting in FIELDS.items()
    }
    text = " ".join(inspect.getdoc(serve).split())
    assert [name for name, found in OPTIONS.items() if found.help not in text] == []
    assert text.index("Parameters ---") < text.index("Raises ---")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", -1, "0 to 65535"),
        ("port", 65536, "0 to 65535"),
        ("max_sessions", 0, "1 or more"),
        ("pool", -1, "0 or more"),
        ("idle_minutes", 0, "more than 0"),
        ("idle_minutes", float("nan"), "more than 0"),
        ("base_url", "board/", "a path such as /netdash/"),
        ("session_mb", -1, "0, or 300 or more, for a board that was just opened has 230"),
        ("session_mb", 100, "0, or 300 or more, for a board that was just opened has 230"),
        ("session_cpu_seconds", -1, "0 or more"),
        ("worker", "a_b", "up to 8 letters and digits"),
    ],
)
def test_a_value_beyond_its_limits_is_refused_in_one_sentence(name, value, expected):
    with pytest.raises(ServeError) as refused:
        Settings(**{name: value})
    assert str(refused.value) == f"{name}: given {value!r}, expected {expected}."
    assert "\n" not in str(refused.value)


def test_a_users_name_that_would_not_be_written_is_refused():
    for given, said in (({}, "no proxy is believed"), ({"hub": True, "public_hosts": ["board"]}, "the Hub names")):
        with pytest.raises(ServeError, match=f"^user_header: given 'X-User', which is not read: {said}"):
            Settings(user_header="X-User", **given)
    assert Settings(user_header="X-User", public_hosts=["board"]).user_header
