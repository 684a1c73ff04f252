"""The emulator's flags."""

import pytest

from fairlead.emulator import BadSetting, EmulatorSettings, parse_faults, parse_tps, parse_ttft
from fairlead.emulator.http11.pace import pace_of


def test_times():
    assert parse_ttft(["gemini-2.5-flash=120ms", "claude-*=1.5s", "2"]) == {
        "gemini-2.5-flash": 0.12,
        "claude-*": 1.5,
        "*": 2.0,
    }
    assert parse_tps(["claude-haiku-4-5=150", "80"]) == {"claude-haiku-4-5": 150.0, "*": 80.0}


@pytest.mark.parametrize(
    ("parse", "flag", "said"),
    [
        (parse_ttft, "m=fast", "'fast' is no time; write 120ms"),
        (parse_ttft, "m=-1s", "no time"),
        (parse_ttft, "m=2h", "no time"),
        (parse_ttft, "m=99999s", "more than an hour"),
        (parse_ttft, "=1s", "no model"),
        (parse_tps, "m=many", "no number"),
        (parse_tps, "m=-1", "must be 0"),
        (parse_tps, "m=nan", "must be 0"),
        (parse_faults, "explode", "--fault: .*not one of"),
        (parse_faults, "absent.toml", "--fault: absent.toml"),
    ],
)
def test_bad_flags_are_explained(parse, flag: str, said: str):
    with pytest.raises(BadSetting, match=said):
        parse([flag])


def test_an_exact_name_goes_before_a_pattern():
    pace = pace_of("a-1", {"a-*": 1.0, "a-1": 2.0}, {"*": 10.0})
    assert pace.due(0) == 2.0
    assert pace.due(20) == 4.0
    assert pace_of("b", {}, {}).due(10**9) == 0.0


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        EmulatorSettings().port = 1  # type: ignore[misc]
