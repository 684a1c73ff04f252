"""Write the generated parts of the documentation, or check that they are up to date.

    python scripts/docs.py           write docs/configuration.md and docs/reference.md
    python scripts/docs.py --check   exit 1 if they are not what would be written

Settings, routes, headers, hints, errors and commands are read from the code that uses them, so that
one which exists and isn't documented cannot be.
"""

import sys
from pathlib import Path

import msgspec
from msgspec import inspect as shape

from fairlead.canon import STATUS
from fairlead.cli.main import COMMANDS, command
from fairlead.engine.answer_headers import HEADERS
from fairlead.ledger.record import Outcome
from fairlead.routing.decision import Hints
from fairlead.server.config import scalar_sections, variable
from fairlead.server.door import CREDENTIALS
from fairlead.server.routes import ROUTES, SPELLINGS
from fairlead.server.settings import (
    CommitmentSettings,
    FreeQuotaSettings,
    GraderSettings,
    TimeoutSettings,
    UpstreamSettings,
)
from fairlead.upstream.kinds.registry import KINDS

DOCS = Path(__file__).resolve().parent.parent / "docs"
MARK = "<!-- Written by `make docs` from the code; edit the code, not this file. -->"

CONFIGURATION = """# Configuration

{mark}

Fairlead starts with no file at all. What it reads, the later going before the earlier: its
defaults, one TOML file (`--config`, else `$FAIRLEAD_CONFIG`, else `./fairlead.toml`), and
environment variables. `fairlead check` validates all of it and prints what is in force and where
each value came from, secrets masked. An error names the file, the line and the key. `SIGHUP`
reloads the file: a running request keeps the configuration it began with, a file at fault changes
nothing and is reported in the log, and changes under `[server]`, `[ledger]`, `[vault]`, `[admin]`
and `[quality]` take a restart.

## Vendors by environment alone

A vendor whose key is set is configured, without any file.

| upstream | vendor | key | address |
|---|---|---|---|
{kinds}

## Settings

{sections}
## `[upstreams.NAME]`

{upstream_doc} Several may serve one vendor or model
(docs/delivery.md).

| key | default | meaning |
|---|---|---|
{upstream}

## `[upstreams.NAME.timeouts]`

| key | default | meaning |
|---|---|---|
{timeouts}

## `[families]`

What a family's name (`flash`, `haiku`, or one of your own) stands for: models in your order of
preference, and no others. The first that has not ended serves; one that has ended steps aside for
what its vendor serves in its place.

```toml
[families]
flash = ["gemini-3.8-flash", "gemini-3.5-flash-lite"]
```

## `[prices."MODEL"]`

What you pay instead of the list price: `factor` multiplies every price of that model (its id, not
an alias), of every tier and region, on every day. `factor = 0.85` is a discount of 15 %. Rates of
your own stand under `[models."NAME"]`.

## `[free_quotas.NAME]`

What a vendor gives for nothing each day, to one upstream's key: see [money](money.md#free-quotas).

| key | default | meaning |
|---|---|---|
{free}

## `[commitments.NAME]`

What is owed whatever is used: see [money](money.md#commitments).

| key | default | meaning |
|---|---|---|
{commitments}

## `[graders.NAME]`

A grader of your own, for a policy's [cascade](cascade.md#graders). There is none until you name it.

| key | default | meaning |
|---|---|---|
{graders}

## `[models."NAME"]`

Facts of your own (your prices, your limits) and models of your own: see
[the catalogue](catalog.md#your-own-models).

## `[aliases]`

Model names of your own: `fast = "gemini-2.5-flash"`. An alias may name a model, a family (`flash`,
`haiku`) or any id that a configured vendor may know.
"""

REFERENCE = """# Reference

{mark}

## Routes

| method | path | what |
|---|---|---|
{routes}

SDKs disagree about where a base URL ends. A path that is not in the table is respelt by these
rules, in their order, so that a base URL with or without the version, or under a prefix of the
client's own, is right:

| a path that matches | becomes | why |
|---|---|---|
{spellings}

A virtual key may stand where the client's SDK puts it:

{credentials}
- `?key=KEY` in the query, as Google's SDK may

## Headers of an answer

| header | meaning |
|---|---|
{headers}

## Hints for routing

Sent as the body's `fairlead` object (`extra_body={{"fairlead": {{...}}}}` in the OpenAI SDK) or as
headers `x-fairlead-<hint>`; the body goes before a header. An unknown hint or value is a 400.

| hint | header | values |
|---|---|---|
{hints}

## Errors

Errors come in the client's own dialect. `kind` is what the ledger calls them.

| kind | status |
|---|---|
{errors}

## Outcomes in the ledger

{outcomes}

## Commands

{commands}
"""


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _settings(struct: type[msgspec.Struct], section: str | None) -> str:
    rows = []
    for field in msgspec.structs.fields(struct):
        info = shape.type_info(field.type)
        told = ""
        if isinstance(info, shape.Metadata) and info.extra_json_schema:
            told = info.extra_json_schema.get("description", "")
        if not told:
            raise SystemExit(f"docs: the setting {struct.__name__}.{field.name} has no description")
        default = field.default if field.default is not msgspec.NODEFAULT else "{}"
        shown = "" if default == "" else f"`{default}`"
        if isinstance(default, msgspec.Struct):
            shown = "see below"
        cells = [f"`{field.name}`", shown, told]
        if section:
            cells.insert(2, f"`{variable(section, field.name)}`")
        rows.append(_row(*cells))
    return "\n".join(rows)


def configuration() -> str:
    """docs/configuration.md."""
    sections = [
        f"### `[{name}]`\n\n{(struct.__doc__ or '').strip()}\n\n"
        f"| key | default | environment | meaning |\n|---|---|---|---|\n{_settings(struct, name)}\n"
        for name, struct in scalar_sections().items()
    ]
    kinds = [
        _row(
            f"`{k.name}`",
            ", ".join(k.vendors) or "those that `models` lists",
            f"`{k.key_env}`" if k.key_env else "[upstreams.md](upstreams.md)",
            ", else ".join(f"`{told}`" for told in (k.url_env, k.base_url) if told) or "`base_url`",
        )
        for k in KINDS.values()
    ]
    return CONFIGURATION.format(
        mark=MARK,
        kinds="\n".join(kinds),
        sections="\n".join(sections),
        upstream_doc=" ".join((UpstreamSettings.__doc__ or "").split()),
        upstream=_settings(UpstreamSettings, None),
        timeouts=_settings(TimeoutSettings, None),
        free=_settings(FreeQuotaSettings, None),
        commitments=_settings(CommitmentSettings, None),
        graders=_settings(GraderSettings, None),
    )


def _words(kind: object) -> str:
    info = shape.type_info(kind)
    kinds = info.types if isinstance(info, shape.UnionType) else (info,)
    words = [w for k in kinds if isinstance(k, shape.LiteralType) for w in k.values]
    if any(isinstance(k, shape.BoolType) for k in kinds):
        words = ["true", "false"]
    numbers = [k for k in kinds if isinstance(k, shape.FloatType)]
    if numbers:
        return f"a number over {numbers[0].gt}, at most {numbers[0].le}"
    return ", ".join(f"`{word}`" for word in words) or "text"


def _commands() -> str:
    lines: list[str] = []

    def walk(made: object, name: str) -> None:
        inner = getattr(made, "commands", None)
        if inner:
            for key in inner:
                walk(inner[key], f"{name} {key}")
            return
        told = " ".join((getattr(made, "help", None) or "").split())
        lines.append(f"### `{name}`\n\n{told}\n")
        for param in getattr(made, "params", []):
            if param.name == "help":
                continue
            flags = ", ".join(f"`{opt}`" for opt in param.opts)
            lines.append(f"- {flags}: {getattr(param, 'help', None) or 'as it says'}")
        lines.append("")

    for each in COMMANDS:
        walk(command(each), f"fairlead {each}")
    return "\n".join(lines).strip()


def reference() -> str:
    """docs/reference.md."""
    hints = [
        _row(f"`{f.name}`", f"`x-fairlead-{f.name.replace('_', '-')}`", _words(f.type))
        for f in msgspec.structs.fields(Hints)
    ]
    outcomes = ", ".join(f"`{word}`" for word in Outcome.__args__)  # type: ignore[attr-defined]  # a Literal
    return REFERENCE.format(
        mark=MARK,
        routes="\n".join(_row(r.method, f"`{r.path}`", r.what) for r in ROUTES),
        spellings="\n".join(
            _row(f"`{pattern}`".replace("|", "\\|"), f"`{to}`" if to else "", told)
            for pattern, to, _, told in SPELLINGS
        ),
        credentials="\n".join(f"- {told}" for told in CREDENTIALS.values()),
        headers="\n".join(_row(f"`{name}`", told) for name, told in HEADERS.items()),
        hints="\n".join(hints),
        errors="\n".join(_row(f"`{kind}`", status) for kind, status in STATUS.items()),
        outcomes=outcomes + ".",
        commands=_commands(),
    )


def pages() -> dict[Path, str]:
    """Each generated page and what it must hold."""
    return {DOCS / "configuration.md": configuration(), DOCS / "reference.md": reference() + "\n"}


def main() -> int:
    """Write or check."""
    stale = 0
    for path, text in pages().items():
        clean = text.rstrip() + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == clean:
            continue
        stale += 1
        if "--check" in sys.argv:
            print(f"docs: {path.name} is out of date; run `make docs`")
        else:
            path.write_text(clean, encoding="utf-8")
            print(f"docs: wrote {path.name}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
