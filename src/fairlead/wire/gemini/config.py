"""`generationConfig`: sampling, limits, output format, log-probabilities."""

from typing import Final

from fairlead.canon import Failure, OutputFormat, Problem, Request, Sampling
from fairlead.catalog.model import Model
from fairlead.wire.gemini.schema import encode_schema, takes_json_schema
from fairlead.wire.gemini.thinking import encode_thinking
from fairlead.wire.losses import Losses

__all__ = ["encode_config"]

_KNOBS: Final = (
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("frequency_penalty", "frequencyPenalty"),
    ("presence_penalty", "presencePenalty"),
)
_STOP_MAX: Final = 5  # "up to 5" (ai.google.dev/api/generate-content, stopSequences)
_INT32: Final = 2**31
_UNSET: Final = Sampling()


def encode_config(
    request: Request, facts: Model, *, functions: bool, losses: Losses
) -> dict[str, object]:
    """`generationConfig`. `functions`: whether functions are declared.

    Raises:
        Failure: a value that the model refuses outright (tokens, candidates, stop sequences).
    """
    config: dict[str, object] = {}
    if request.sampling != _UNSET:
        _sampling(request, facts, config, losses)
    if request.max_tokens is not None:
        config["maxOutputTokens"] = _max_tokens(request.max_tokens, facts)
    if request.n is not None:
        config["candidateCount"] = _count(request.n, facts)
    if request.logprobs:
        _logprobs(request, facts, config, losses)
    if request.output is not None:
        _output(request.output, facts, config, functions=functions, losses=losses)
    if request.modalities:
        config["responseModalities"] = [name.upper() for name in request.modalities]
    if request.reasoning is not None:
        thinking = encode_thinking(request.reasoning, facts.thinking, losses)
        if thinking is not None:
            config["thinkingConfig"] = thinking
    return config


def _sampling(request: Request, facts: Model, config: dict[str, object], losses: Losses) -> None:
    sampling = request.sampling
    accepts = facts.sampling.accepts
    given: set[str] = set()
    for name, wire in _KNOBS:
        value = getattr(sampling, name)
        if value is None:
            continue
        if name not in accepts:
            losses.cosmetic(name, name, f"{facts.id} takes no {name}")
            continue
        rival = _rival(name, given, facts)
        if rival is not None:
            losses.cosmetic(name, name, f"{facts.id} takes {rival} or {name}, not both")
            continue
        if name == "seed" and not -_INT32 <= value < _INT32:
            losses.cosmetic(name, name, "Gemini's seed has 32 bits")
            continue
        given.add(name)
        config[wire] = value
    most = facts.sampling.temperature_max
    if "temperature" in given and most is not None and (sampling.temperature or 0) > most:
        message = f"temperature {sampling.temperature:g} is over {facts.id}'s maximum of {most:g}"
        raise Failure(Problem("unsupported", message, "temperature"))
    if sampling.stop:
        _stop(sampling.stop, facts, config, losses)


def _rival(name: str, given: set[str], facts: Model) -> str | None:
    for group in facts.sampling.exclusive:
        if name in group:
            for other in group:
                if other in given:
                    return other
    return None


def _stop(stop: tuple[str, ...], facts: Model, config: dict[str, object], losses: Losses) -> None:
    if facts.sampling.accepts and "stop" not in facts.sampling.accepts:
        losses.semantic("stop", "stop", f"{facts.id} takes no stop sequences")
        return
    most = _STOP_MAX if facts.sampling.stop_max is None else facts.sampling.stop_max
    if len(stop) > most:
        message = f"{len(stop)} stop sequences are more than the {most} that {facts.id} takes"
        raise Failure(Problem("unsupported", message, "stop"))
    config["stopSequences"] = list(stop)


def _max_tokens(asked: int, facts: Model) -> int:
    most = facts.limits.max_output
    if asked < 1:
        raise Failure.invalid(f"max_tokens is {asked}: at least 1 is needed", "max_tokens")
    if most is not None and asked > most:
        message = f"max_tokens is {asked}, and {facts.id} writes at most {most} tokens"
        hint = f"ask for {most} or fewer"
        raise Failure(Problem("unsupported", message, "max_tokens", hint=hint))
    return asked


def _count(asked: int, facts: Model) -> int:
    if asked < 1:
        raise Failure.invalid(f"n is {asked}: at least 1 is needed", "n")
    most = facts.limits.candidates_max
    if most is None and facts.known and "n" not in facts.features:
        most = 1
    if most is not None and asked > most:
        message = f"n is {asked}, and {facts.id} gives at most {most} answer(s) to a request"
        raise Failure(Problem("unsupported", message, param="n"))
    return asked


def _logprobs(request: Request, facts: Model, config: dict[str, object], losses: Losses) -> None:
    if facts.known and "logprobs" not in facts.features:
        losses.cosmetic("logprobs", "logprobs", f"{facts.id} gives no log-probabilities")
        return
    config["responseLogprobs"] = True
    if request.top_logprobs is not None:
        config["logprobs"] = request.top_logprobs


def _output(
    output: OutputFormat,
    facts: Model,
    config: dict[str, object],
    *,
    functions: bool,
    losses: Losses,
) -> None:
    if output.kind == "text":
        config["responseMimeType"] = "text/plain"
        return
    # "Function calling with a response mime type: 'application/json' is unsupported" (the server to
    # 2.5: python-genai#867); Gemini 3 takes both (4 recorded).
    both = "json_with_tools" in facts.features or not facts.known
    if functions and not both:
        why = f"{facts.id} takes functions or a format of the answer, not both"
        losses.semantic("response_format", "json_with_tools", why)
        return
    config["responseMimeType"] = "application/json"
    if output.schema is not None:
        schema = encode_schema(output.schema, facts, "response_format.schema", losses)
        name = "responseJsonSchema" if takes_json_schema(facts) else "responseSchema"
        config[name] = schema
    # OpenAI's `name` goes without a loss: a label that it demands, and that changes nothing.
    if output.description is not None:
        losses.cosmetic("response_format", "output_description", "Gemini's has no description")
    if output.strict is False:
        losses.cosmetic("response_format", "output_strict", "Gemini always keeps to the schema")
