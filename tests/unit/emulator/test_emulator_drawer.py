"""What is kept for clients: per key, for its time, and not without end."""

from datetime import datetime

from fairlead.emulator import drawer as module
from fairlead.emulator.drawer import Drawer, Kept


class Clock:
    now = 5.0

    def __call__(self) -> float:
        return self.now


def test_things_are_kept_per_kind_and_key_the_newest_first():
    drawer = Drawer()
    for ident in ("a", "b"):
        drawer.put("claude_file", "one", Kept(ident, {"id": ident}))
    drawer.put("claude_file", "two", Kept("c", {}))
    drawer.put("gemini_file", "one", Kept("d", {}))
    assert [kept.ident for kept in drawer.all("claude_file", "one")] == ["b", "a"]
    assert drawer.get("claude_file", "two", "a") is None
    assert drawer.drop("claude_file", "one", "a")
    assert not drawer.drop("claude_file", "one", "a")
    drawer.forget()
    assert drawer.all("claude_file", "one") == []


def test_what_has_expired_is_gone():
    clock = Clock()
    drawer = Drawer(clock)
    drawer.put("gemini_cache", "one", Kept("a", {}, ends=10.0))
    clock.now = 9.9
    assert drawer.get("gemini_cache", "one", "a") is not None
    clock.now = 10.0
    assert drawer.all("gemini_cache", "one") == []
    assert not drawer.drop("gemini_cache", "one", "a")


def test_the_oldest_goes_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    drawer = Drawer()
    for number in range(5):
        drawer.put("upload", "one", Kept(str(number), {}))
    assert [kept.ident for kept in drawer.all("upload", "one")] == ["4", "3", "2"]


def test_days_go_on_with_the_clock():
    clock = Clock()
    drawer = Drawer(clock)
    before, later = drawer.day(), drawer.day(65.0, zulu=False)
    assert before.endswith("Z")
    assert later.endswith("+00:00")
    passed = datetime.fromisoformat(later) - datetime.fromisoformat(before)
    assert passed.total_seconds() == 60
