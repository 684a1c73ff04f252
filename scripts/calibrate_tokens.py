"""Fit the token estimates to recorded requests, measure them, and write both down.

    python scripts/calibrate_tokens.py               report only
    python scripts/calibrate_tokens.py --write       also write the coefficients, the figures and
                                                     the tables in docs/tokens.md
    python scripts/calibrate_tokens.py --vocabulary FILE   pack OpenAI's o200k_base.tiktoken

Figures are of requests whose cassettes had no part in the fit, nor in the choice of how to fit; the
coefficients that are written are fitted to all of them, as the same procedure chooses on all. The
recordings stand in ../shared, which is no part of the project (FAIRLEAD_SHARED names another
place). It takes half a minute.
"""

import base64
import hashlib
import json
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.token_calibration import study, tables  # noqa: E402 - needs the path above
from scripts.token_calibration.rows import Row, read  # noqa: E402 - needs the path above
from scripts.token_calibration.selection import chosen  # noqa: E402 - needs the path above
from scripts.token_calibration.solver import fit_all  # noqa: E402 - needs the path above

DATA = ROOT / "src" / "fairlead" / "tokens" / "data"
DOCS = ROOT / "docs" / "tokens.md"
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", ROOT.parent / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
ON = "recorded requests of public test suites (../shared/wire/recordings.jsonl.gz)"
O200K = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""sha256 of the file, as tiktoken states it (tiktoken_ext/openai_public.py)."""


def main() -> None:
    """Report, and write if asked."""
    if "--vocabulary" in sys.argv:
        pack(Path(sys.argv[sys.argv.index("--vocabulary") + 1]))
        return
    rows, left = read(RECORDINGS)
    texts = [row for row in rows if row.kind == "text"]
    groups = study.grouped(texts)
    with ProcessPoolExecutor(2) as both:
        other = both.submit(study.left_out, texts, study.grouped(texts, by_prompt=True))
        final = both.submit(chosen, texts, groups)
        estimated, choices = study.left_out(texts, groups)
        stricter, _ = other.result()
        choice = final.result()
    fits = fit_all(texts, {row.family for row in rows}, choice)
    figures = {
        "measured": today(),
        "rows": len(texts),
        "left": dict(left),
        "by_cassette": study.table(estimated),
        "by_prompt": study.table(stricter),
        "coverage": study.coverage(estimated),
        "media": study.with_media(rows, fits),
        "server_tools": study.with_server_tools(rows, fits),
        "chosen": {vendor: asdict(one) for vendor, one in sorted(choice.items())},
        "chosen_in_parts": [
            {vendor: asdict(one) for vendor, one in sorted(part.items())} for part in choices
        ],
    }
    print(report(figures))
    if "--write" in sys.argv:
        shipped = fitted(rows, texts, estimated, fits)
        (DATA / "fits.json").write_text(json.dumps(shipped, indent=1) + "\n")
        (DATA / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
        DOCS.write_text(tables.written(DOCS.read_text(), figures))


def today() -> str:
    """The day, for the data."""
    return datetime.now(UTC).date().isoformat()


def fitted(
    rows: list[Row],
    texts: list[Row],
    estimated: study.Estimated,
    fits: dict[str, list[float]],
) -> dict[str, Any]:
    """What the package ships."""
    spreads = study.spreads(estimated)
    return {
        "fitted": today(),
        "on": f"{len(texts)} {ON}",
        "families": {
            name: {
                "rows": sum(row.family == name for row in texts),
                "cassettes": len({row.group for row in texts if row.family == name}),
                "coefficients": study.named(coefficients),
                "errors": {
                    kind: {key: round(value, 4) for key, value in spreads[name, kind].items()}
                    for kind in ("plain", "framed")
                },
            }
            for name, coefficients in sorted(fits.items())
            if (name, "plain") in spreads
        },
        "recount": study.recounts(texts, fits),
        "server_tools": study.server_tools(rows, fits),
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as text: median / 95th percentile of the relative error."""
    lines = [f"{figures['rows']} requests; left aside: {figures['left']}", ""]
    for way in ("by_cassette", "by_prompt"):
        lines.append(f"{way:20}    n cass.  estimate      chars/4        quick")
        for label, row in figures[way].items():
            cells = "  ".join(cell(row[key]) for key in ("estimate", "chars/4", "quick"))
            lines.append(f"{label:20} {row['estimate']['n']:4} {row['cassettes']:4}  {cells}")
        lines.append("")
    lines.append("coverage of the intervals           80 %   95 %   median width of the latter")
    for label, row in figures["coverage"].items():
        lines.append(
            f"{label:20} {row['n']:4}         {row['within_80']:6.1%} {row['within_95']:6.1%}"
            f" {row['width_95']:6.0%}"
        )
    return "\n".join(lines)


def cell(row: dict[str, float]) -> str:
    """Median / 95th percentile, in percent."""
    return f"{100 * row['median']:5.1f} /{100 * row['p95']:6.1f}"


def pack(path: Path) -> None:
    """Write the vocabulary as it ships: lengths in order of rank, then the bytes, deflated."""
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != O200K:
        sys.exit(f"{path} is not o200k_base.tiktoken")
    tokens = [base64.b64decode(line.split()[0]) for line in raw.splitlines() if line]
    body = zlib.compress(bytes(map(len, tokens)) + b"".join(tokens), 9)
    (DATA / "o200k_base.bin").write_bytes(b"%d\n" % len(tokens) + body)


if __name__ == "__main__":
    main()
