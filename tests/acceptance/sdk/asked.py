"""What the SDKs' tests ask, said once: models, prompts, tools, schemas, media."""

import base64
from typing import Any

from pydantic import BaseModel
from tests.integration.conftest import meant

from fairlead.demo import materials

FLASH, HAIKU, MINI = meant("flash"), "claude-haiku-4-5-20251001", "gpt-5-mini"
OLDER = "gpt-4o-mini"
"""OpenAI's that does not reason: it takes stop sequences and temperatures."""
VENDORS = (FLASH, HAIKU, MINI)
HAIKU_5, FLASH_3, LITE_3 = "claude-haiku-5-5", "gemini-3.8-flash", "gemini-3.5-flash-lite"
SUCCESSORS = (HAIKU_5, FLASH_3, LITE_3)
EVERY = VENDORS + SUCCESSORS
PLAIN = (FLASH, HAIKU, OLDER)
"""One of each vendor that answers without thinking if it is told nothing, or little."""

HELLO = "Say hello to the harbour master."
BOTH = "Call get_weather and get_time for Paris."
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = {"get_weather": "The weather in a city", "get_time": "The time in a city"}
"""Names and descriptions; each takes a city."""


class Boat(BaseModel):
    """A boat."""

    name: str
    length_m: float
    sails: list[str]


class Harbour(BaseModel):
    """A schema with a nested one behind a reference."""

    town: str
    flagship: Boat


PNG, PDF, WAV = materials.png(64, 48), materials.pdf(("A line",)), materials.wav(0.5)
PNG_64, PDF_64, WAV_64 = (base64.b64encode(data).decode() for data in (PNG, PDF, WAV))
PNG_URL = materials.data_url("image/png", PNG)
PDF_URL = materials.data_url("application/pdf", PDF)
STORY = "[emulate: words=300] Tell me a story of a harbour."
