"""Which rows the seven dimensions have: keys of claims, what they are called, which way is better.

A row whose `better` is None is shown and never judged: nobody can say that a later cut-off or a
longer list of modalities is worth so much more.
"""

from msgspec import Struct

from fairlead.lab.compare.comparison import Better

__all__ = ["BENCHMARK_NAMES", "DIMENSIONS", "Line"]


class Line(Struct, frozen=True):
    """A row to be: the claim's key, its label, its unit, and which way is better."""

    key: str
    label: str
    unit: str = ""
    better: Better | None = None


BENCHMARK_NAMES = {
    "benchmark.swe_bench_verified": "SWE-bench Verified",
    "benchmark.osworld": "OSWorld",
    "benchmark.terminal_bench": "Terminal-Bench",
    "benchmark.gpqa_diamond": "GPQA Diamond",
    "benchmark.aime_2025": "AIME 2025",
    "benchmark.humanitys_last_exam": "Humanity's Last Exam",
    "benchmark.intelligence_index_reasoning": "AI Intelligence Index, reasoning mode",
    "benchmark.intelligence_index_non_reasoning": "AI Intelligence Index, non-reasoning mode",
}

_USD = "US dollars per million tokens"

DIMENSIONS: dict[str, tuple[Line, ...]] = {
    "technical specification": (
        Line("info.released", "released"),
        Line("limits.context_window", "context window", "tokens", "high"),
        Line("limits.max_output", "output limit", "tokens", "high"),
        Line("modalities_in", "input modalities"),
        Line("info.knowledge_cutoff", "knowledge cut-off"),
        Line("feature.tools", "tools"),
        Line("feature.parallel_tools", "parallel tool calls"),
        Line("feature.json_schema", "answers by JSON schema"),
        Line("feature.prompt_cache", "prompt cache"),
        Line("limits.min_cacheable", "smallest prompt that is cached", "tokens", "low"),
        Line("feature.batches", "batches"),
        Line("lifecycle.status", "lifecycle"),
        Line("lifecycle.ends", "ends"),
        Line("lifecycle.served_as", "then served as"),
        Line("lifecycle.successor", "successor"),
    ),
    "benchmarks": tuple(
        Line(key, name, "points" if "index" in key else "percent", "high")
        for key, name in BENCHMARK_NAMES.items()
    ),
    "pricing": (
        Line("price.input", "input", _USD, "low"),
        Line("price.output", "output", _USD, "low"),
        Line("price.input_audio", "audio input", _USD, "low"),
        Line("price.cache_read", "cache read", _USD, "low"),
        Line("price.cache_write_5m", "cache write, 5 minutes", _USD, "low"),
        Line("price.cache_write_1h", "cache write, 1 hour", _USD, "low"),
        Line("price.batch_input", "input in batches", _USD, "low"),
        Line("price.batch_output", "output in batches", _USD, "low"),
        Line("billing.thinking_as", "thinking is billed as"),
    ),
    "speed": (
        Line("info.output_tokens_per_second", "output speed", "tokens per second", "high"),
        Line("speed.gain_over_previous", "faster than its previous version by", "percent"),
        Line("speed.words", "speed in words"),
        Line("info.first_token_latency", "first token"),
    ),
    "reasoning": (
        Line("info.reasoning", "reasoning"),
        Line("thinking.kind", "controlled by"),
        Line("thinking.budget_min", "least budget", "tokens"),
        Line("thinking.budget_max", "greatest budget", "tokens"),
        Line("thinking.levels", "levels"),
        Line("thinking.off", "can be turned off"),
        Line("thinking.dynamic", "can choose its own budget"),
        Line("thinking.default_on", "thinks unless told not to"),
    ),
    "ecosystem": (
        Line("ecosystem.access", "access routes"),
        Line("ecosystem.sdks", "SDKs and tools"),
        Line("ecosystem.features", "features of the platform"),
        Line("ecosystem.mainland_china", "mainland China"),
    ),
    "application scenarios": (),
}
"""The seven. The scenarios' rows come from the ratings, the costs' from the scenarios."""
