"""The models that the emulator knows, and what each of them takes.

The figures stand in `models.toml`, OpenAI's in `models_openai.toml`, with their sources, apart from
the gateway's catalogue.
"""

import tomllib
from functools import cache
from importlib import resources

import msgspec

__all__ = ["Media", "Model", "OpenAIFacts", "find", "names"]


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What media cost a Google model, in tokens.

    A picture costs `image`, or that for each square of `tile` pixels; a PDF's page costs `page`,
    reported as `page_as`; film costs `frame` for each second, sound `audio_second`.
    """

    image: int
    page: int
    page_as: str
    audio_second: int
    frame: int
    tile: int | None = None


class OpenAIFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only OpenAI's models differ in.

    Attributes:
        apis: which of `chat`, `responses` and `embeddings` it serves.
        effort_default: the effort without a word; empty for a model that doesn't reason.
        max_tokens: takes the old name of `max_completion_tokens`.
        stop: takes stop sequences.
        refused_roles: roles that it doesn't take.
        tools_at_rest: in chat completions functions only with effort `none`.
        search: takes `web_search_options`.
        dimensions: of an embedding; `shorter` ones may be asked for.
        cache_writes: usage tells of tokens written to a cache.
    """

    apis: tuple[str, ...] = ("chat", "responses")
    effort_default: str = ""
    max_tokens: bool = True
    stop: bool = True
    refused_roles: tuple[str, ...] = ()
    tools_at_rest: bool = False
    search: bool = False
    dimensions: int = 0
    shorter: bool = True
    cache_writes: bool = False


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one model takes; tokens everywhere.

    Attributes:
        thinking: modes that it knows: `enabled`, `adaptive`, `disabled` (Anthropic), `budget`,
            `level` (Google).
        budget: least and greatest thinking budget, where it takes one.
        budget_off: a budget of 0 switches thinking off.
        budget_default: the budget without a word; None is dynamic.
        thinking_default: the mode without a word.
        off_efforts: the efforts that go with thinking switched off; empty is any.
        forced_tools: a tool may be forced.
        binding: what thinking blocks that come back are checked for: `organization`, `model`,
            `prefix`.
        embedding: numbers in a vector of a Google model that makes vectors; 0 for one that answers.
        penalties: it takes presencePenalty and frequencyPenalty.
        sampling: `any` of temperature, top_p and top_k, `one_of` temperature and top_p, `at_rest`
            (only while the model doesn't reason), `default` values only, or `none`.
        overflow: what a prompt that fits makes with a max_tokens that doesn't: `stop` answers and
            ends with model_context_window_exceeded, `reject` is a 400.
        signatures: a function call in the history must carry its thought signature.
        input_tokens: how many tokens it counts where the family's others count one.
        media: what pictures, sound, film and pages cost on a Google model.
        openai: what only OpenAI's models have.
    """

    name: str
    vendor: str
    context_window: int
    max_output: int
    min_cacheable: int
    modalities: tuple[str, ...]
    thinking: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    budget: tuple[int, int] | None = None
    budget_off: bool = False
    budget_default: int | None = None
    levels: tuple[str, ...] = ()
    level_default: str | None = None
    efforts: tuple[str, ...] = ()
    thinking_default: str = "disabled"
    off_efforts: tuple[str, ...] = ()
    forced_tools: bool = True
    binding: tuple[str, ...] = ()
    embedding: int = 0
    penalties: bool = True
    sampling: str = "any"
    prefill: bool = True
    system_turns: bool = False
    overflow: str = "reject"
    candidates: int = 1
    json_with_tools: bool = True
    signatures: bool = False
    input_tokens: float = 1.0
    media: Media | None = None
    openai: OpenAIFacts | None = None


def find(vendor: str, name: str) -> Model | None:
    """A vendor's model by its name or one of its aliases; None when there is none."""
    return _table().get((vendor, name))


def names(vendor: str) -> list[str]:
    """The full names of a vendor's models, in the order of the data file."""
    return list(dict.fromkeys(m.name for (owner, _), m in _table().items() if owner == vendor))


@cache
def _table() -> dict[tuple[str, str], Model]:
    files = resources.files("fairlead.emulator")
    rows: list[Model] = []
    for name in ("models.toml", "models_openai.toml"):
        table = tomllib.loads(files.joinpath(name).read_text("utf-8"))
        rows += msgspec.convert(table["models"], list[Model])
    return {(row.vendor, name): row for row in rows for name in (row.name, *row.aliases)}
