"""The emulator's own bill."""

from fairlead.emulator.books import Books, Entry


def entry(n: int = 0, **more: object) -> Entry:
    usage = {"input": 10, "thinking": 5, "output": 20}
    made = Entry(f"r{n}", "anthropic", "m", "/", "generate", 200, True, "k", "ok", usage)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_sums():
    books = Books()
    books.enter(entry())
    books.enter(entry(1, status=429, usage={}))
    books.enter(entry(2, model="n"))
    bill = books.bill()
    assert [line["model"] for line in bill["lines"]] == ["m", "n"]
    assert bill["lines"][0]["errors"] == 1
    assert bill["total"]["usage"] == {"input": 20, "thinking": 10, "output": 40}


def test_an_abandoned_stream_is_billed_for_what_was_made():
    books = Books()
    one = entry()
    books.enter(one)
    books.amend(one, 9, 25, stayed=False)
    assert one.outcome == "abandoned"
    assert one.usage == {"input": 10, "thinking": 5, "output": 4}
    assert books.bill()["total"]["usage"] == one.usage


def test_a_stream_left_after_its_last_token_costs_all_of_it():
    books = Books()
    one = entry()
    books.enter(one)
    books.amend(one, 25, 25, stayed=False)
    assert books.bill()["total"]["usage"] == {"input": 10, "thinking": 5, "output": 20}
    assert books.bill()["total"]["abandoned"] == 1


def test_the_bill_covers_more_than_is_remembered():
    books = Books(keep=2)
    for n in range(5):
        books.enter(entry(n))
    assert [one.id for one in books.requests] == ["r3", "r4"]
    assert books.bill()["total"]["requests"] == 5
    books.reset()
    assert books.bill()["lines"] == []
