"""`GET /v1/models` and one of them: what a client may put into `model`, in OpenAI's shape."""

from datetime import UTC, datetime

import msgspec

from fairlead.canon import Failure
from fairlead.engine.plan import AUTO
from fairlead.engine.snapshot import Snapshot

__all__ = ["model_list", "one_model"]

_ENCODE = msgspec.json.Encoder().encode


def model_list(snapshot: Snapshot, now: float) -> bytes:
    """`auto`, then each model of a configured vendor, then each alias that leads to one."""
    today = datetime.fromtimestamp(now, UTC).date()
    rows = [_row(AUTO, "fairlead", int(now))]
    served = [m for m in snapshot.catalog.models.values() if m.vendor in snapshot.upstreams]
    rows += [_row(model.id, model.vendor, 0) for model in served]
    for name in sorted(set(snapshot.catalog.names) - set(snapshot.catalog.models)):
        try:
            model = snapshot.model(name, today)
        except Failure:
            continue  # an alias to a vendor that is not configured
        if model.vendor in snapshot.upstreams:
            rows.append({**_row(name, model.vendor, 0), "alias_of": model.id})
    return _ENCODE({"object": "list", "data": rows})


def one_model(snapshot: Snapshot, name: str, now: float) -> bytes:
    """One row of the list.

    Raises:
        Failure: nobody knows the name, or its vendor is not configured.
    """
    if name == AUTO:
        return _ENCODE(_row(AUTO, "fairlead", int(now)))
    model = snapshot.model(name, datetime.fromtimestamp(now, UTC).date())
    snapshot.upstream(model)
    row = _row(name, model.vendor, 0)
    return _ENCODE(row if name == model.id else {**row, "alias_of": model.id})


def _row(name: str, owner: str, created: int) -> dict[str, object]:
    return {"id": name, "object": "model", "created": created, "owned_by": owner}
