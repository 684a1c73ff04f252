"""Why no model can serve a request, as the client is told; and a broken limit in a few words."""

from collections.abc import Sequence

from fairlead.canon import Failure, Problem, ProblemKind
from fairlead.routing.guards import Broken
from fairlead.routing.options import Option

__all__ = ["none_left", "short"]

_SHORT = {
    "context_window": "may not hold the prompt",
    "max_output": "cannot answer at that length",
    "not_configured": "is not configured",
    "images_max": "takes fewer images",
    "image_base64_bytes": "takes no image of that size",
    "videos_max": "takes fewer videos",
    "document_bytes": "takes no PDF of that size",
    "document_pages": "may not take a PDF that long",
    "request_bytes": "takes no request of that size",
    "request_pages": "may not take that many pages",
}


def short(broken: Broken | None) -> str:
    """A broken limit in a few words, for a header."""
    if broken is None:
        return "is not offered"
    return _SHORT.get(broken.limit, broken.why)


def none_left(judged: Sequence[tuple[Option, Broken | None]]) -> Failure:
    """Why no model can serve: every model with the limit that rules it out."""
    told = "; ".join([f"{o.model.id} {broken.why}" for o, broken in judged if broken is not None])
    reached = [broken for option, broken in judged if broken is not None and option.available]
    kind: ProblemKind = "unsupported"
    if reached and all(broken.limit == "context_window" for broken in reached):
        kind = "context_length_exceeded"
    params = {broken.param for broken in reached}
    hint = _HINTS.get(reached[0].limit) if len({b.limit for b in reached}) == 1 else None
    if not reached:
        hint = "give the vendor's key in the environment (GEMINI_API_KEY, ANTHROPIC_API_KEY, ...)"
    return Failure(
        Problem(
            kind,
            f"no model can take this request: {told}",
            params.pop() if len(params) == 1 else None,
            code="context_length_exceeded" if kind == "context_length_exceeded" else "unsupported",
            hint=hint,
        )
    )


_HINTS = {
    "context_window": "shorten the prompt, or configure a model with a larger context window",
    "max_output": "ask for fewer output tokens",
    "modality": "configure a model that takes this kind of input",
    "feature": "configure a model that has this feature, or leave it out",
    "candidates": "ask for one answer, or send the request n times",
    "images_max": "send fewer images",
    "image_base64_bytes": "send a smaller image, or configure a model that takes larger ones",
    "videos_max": "send fewer videos",
    "document_bytes": "split the PDF, or make it smaller",
    "request_bytes": "send less at once, or upload the file to the vendor and refer to it",
}
