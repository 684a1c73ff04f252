"""The words of an emulated answer."""

import hashlib

from fairlead.emulator.answer.ask import Ask

__all__ = ["fill", "prelude_of", "refusal_of", "seed_of", "text_of", "thinking_of"]

ECHO = 120
_FILLER = (
    "This sentence was made by the emulator to fill the length that was asked for.",
    "No model has read the question, and nothing here should be taken as an answer.",
    "The words repeat in a fixed order, so that the same request gives the same text.",
    "Use it to see how an application behaves with an answer of this length.",
    "With a real key the same request would be answered by the vendor's own model.",
)


def seed_of(ask: Ask, index: int = 0) -> bytes:
    """Sixteen bytes that depend on what is asked, and on nothing else."""
    about = f"{ask.model}\0{ask.turns}\0{index}\0{ask.text}"
    return hashlib.blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def text_of(ask: Ask, index: int = 0) -> str:
    """The plain answer: that it is emulated, by which model, and what was asked."""
    said = [f"This is an emulated answer in place of {ask.model}; no model was called."]
    if index:
        said.append(f"It is candidate {index + 1}.")
    if ask.text:
        said.append(f'Asked: "{echo(ask.text)}"')
    said.append(f"Turns: {ask.turns}.")
    if ask.media:
        seen = ", ".join(
            f"{m.mime} ({'by reference' if m.size is None else f'{m.size} bytes'})"
            for m in ask.media
        )
        said.append(f"Media seen: {seen}.")
    for result in ask.results:
        kind = "error" if result.error else "result"
        said.append(f"Tool {kind} of {result.name}: {echo(result.text)}")
    return " ".join(said)


def echo(text: str) -> str:
    """The first characters of a text, on one line."""
    line = " ".join(text[: 4 * ECHO].split())
    return line if len(line) <= ECHO else line[: ECHO - 3] + "..."


def thinking_of(ask: Ask) -> str:
    """Thinking, marked as emulated like everything else."""
    return (
        f"This is emulated thinking in place of {ask.model}. "
        f'The last thing asked is "{echo(ask.text)}" in a conversation of {ask.turns} turns, '
        f"with {len(ask.tools)} tools at hand. The answer will say that it is emulated."
    )


def prelude_of(names: list[str]) -> str:
    """What is said before tools are called."""
    return f"Emulated: calling {', '.join(dict.fromkeys(names))}."


def refusal_of(ask: Ask) -> str:
    """The text before a refusal."""
    return f"This is an emulated refusal in place of {ask.model}."


def fill(text: str, words: int, seed: bytes) -> str:
    """The text, lengthened or cut to a number of words."""
    have = text.split(" ")
    if len(have) >= words:
        return " ".join(have[:words])
    at = seed[0]
    while len(have) < words:
        have.extend(_FILLER[at % len(_FILLER)].split(" "))
        at += 1
    return " ".join(have[:words])
