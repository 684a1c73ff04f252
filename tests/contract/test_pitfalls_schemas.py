"""Where translations go wrong, lines 8, 9 and 19: schemas and media, as each model takes them."""

import json
from base64 import b64encode

import pytest
from tests.contract.translation import FLASH, FLASH_3, GPT, HAIKU, HAIKU_5, LITE, PNG, say, send

SCHEMA = {
    "type": "object",
    "properties": {
        "who": {"$ref": "#/$defs/person"},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        "note": {"type": ["string", "null"]},
    },
    "required": ["who"],
    "additionalProperties": False,
    "$defs": {
        "person": {
            "type": "object",
            "properties": {"name": {"type": "string", "minLength": 1}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}
RECURSIVE = {
    "type": "object",
    "properties": {"value": {"type": "string"}, "next": {"$ref": "#"}},
    "required": ["value"],
    "additionalProperties": False,
}
PDF = b64encode(b"%PDF-1.4\n%%EOF").decode()
WAV = b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()
MP4 = b64encode(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom").decode()


def chat_tool(schema):
    tool = {"type": "function", "function": {"name": "look", "parameters": schema}}
    return say("Hi", tools=[tool])


def chat_format(schema):
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    return say("Hi", response_format=wanted)


# 8. "`parametersJsonSchema` / `responseJsonSchema` take real JSON Schema with $ref, $defs,
#    additionalProperties, prefixItems; only the older `parameters` needs the OpenAPI subset"


@pytest.mark.parametrize("model", [FLASH, LITE, FLASH_3])
def test_08_gemini_gets_real_json_schema(model):
    tool = send(chat_tool(SCHEMA), model)
    declared = tool.body["tools"][0]["functionDeclarations"][0]
    assert "parameters" not in declared
    wire = declared["parametersJsonSchema"]
    assert wire["properties"]["who"] == {"$ref": "#/$defs/person"}
    assert wire["$defs"]["person"]["required"] == ["name"]
    assert wire["properties"]["pair"]["prefixItems"][1] == {"type": "integer"}
    wanted = send(chat_format(SCHEMA), model).body["generationConfig"]
    assert wanted["responseMimeType"] == "application/json"
    assert "responseSchema" not in wanted
    assert wanted["responseJsonSchema"]["properties"]["who"] == {"$ref": "#/$defs/person"}
    assert "semantic" not in tool.losses.values()


def test_08_the_older_subset_of_a_gemini_client_is_json_schema_elsewhere():
    older = {
        "type": "OBJECT",
        "properties": {"at": {"type": "STRING", "nullable": True, "format": "enum", "enum": ["a"]}},
        "required": ["at"],
    }
    body = say("Hi", "gemini", tools=[{"functionDeclarations": [
        {"name": "look", "parameters": older}]}])  # fmt: skip
    for model in (HAIKU, GPT):
        tool = send(body, model, client="gemini").body["tools"][0]
        schema = tool.get("input_schema") or tool["function"]["parameters"]
        assert schema["type"] == "object"
        assert schema["required"] == ["at"]
        at = schema["properties"]["at"]
        assert "null" in json.dumps(at)
        assert "STRING" not in json.dumps(at)


# 9. "->Anthropic: a JSON schema goes into `output_config.format`; OpenAI's `json_object` has no
#    equivalent"


@pytest.mark.parametrize("model", [HAIKU, HAIKU_5])
def test_09_a_schema_for_the_answer_is_a_format(model):
    sent = send(chat_format(SCHEMA["$defs"]["person"]), model)
    wanted = sent.body["output_config"]["format"]
    assert wanted["type"] == "json_schema"
    assert wanted["schema"]["required"] == ["name"]
    assert "semantic" not in sent.losses.values()


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
def test_09_plain_json_is_asked_for_in_words(client):
    body = say("Hi", response_format={"type": "json_object"})
    if client == "gemini":
        body = say("Hi", "gemini", generationConfig={"responseMimeType": "application/json"})
    sent = send(body, HAIKU, client=client)
    assert sent.losses == {"json_mode_by_instruction": "cosmetic"}
    assert "JSON" in sent.body["system"]
    assert "output_config" not in sent.body


# "'messages' must contain the word 'json' in some form, to use 'response_format' of type
#  'json_object'" (OpenAI's 400): Gemini's clients need not say it.


@pytest.mark.parametrize(
    ("to", "place"), [("openai_chat", "messages"), ("openai_responses", "input")]
)
def test_09_json_without_the_word_gets_it(to, place):
    sent = send(json_of_gemini("Hi"), GPT, client="gemini", to=to)
    assert sent.losses == {"json_word": "cosmetic"}
    first, second = sent.body[place]
    assert first["role"] == "system"
    assert "JSON" in first["content"]
    assert second["content"] == "Hi"


@pytest.mark.parametrize("to", ["openai_chat", "openai_responses"])
@pytest.mark.parametrize("role", ["user", "model"])
def test_09_json_with_the_word_stays_as_it_is(to, role):
    body = json_of_gemini("Hi", {"role": role, "parts": [{"text": "a .json file"}]}, HI)
    sent = send(body, GPT, client="gemini", to=to)
    assert sent.losses == {}
    assert "valid JSON object" not in json.dumps(sent.body)


def test_09_the_word_among_the_instructions_counts_where_they_are_a_message():
    body = json_of_gemini("Hi") | {"systemInstruction": {"parts": [{"text": "Say it in Json."}]}}
    assert send(body, GPT, client="gemini").losses == {}
    sent = send(body, GPT, client="gemini", to="openai_responses")
    assert sent.losses == {"json_word": "cosmetic"}
    assert sent.body["instructions"] == "Say it in Json."


HI = {"role": "user", "parts": [{"text": "Hi"}]}


def json_of_gemini(text, *more):
    body = say(text, "gemini", generationConfig={"responseMimeType": "application/json"})
    return body | {"contents": [*body["contents"], *more]}


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
@pytest.mark.parametrize("model", [HAIKU, HAIKU_5, FLASH, LITE])
def test_09_a_recursive_schema_is_said_or_named(model, client):
    body = chat_format(RECURSIVE)
    if client == "gemini":
        body = say("Hi", "gemini", generationConfig={
            "responseMimeType": "application/json", "responseJsonSchema": RECURSIVE})  # fmt: skip
    sent = send(body, model, client=client)
    if "json_schema" in sent.losses:
        assert sent.losses["json_schema"] == "semantic"
        assert "next" in sent.body["system"]
    else:
        config = sent.body["generationConfig"]
        assert "next" in json.dumps(config["responseJsonSchema"])


# 19. "where a URL is not supported fetch it (guarded) and inline it. Audio and video don't exist in
#     Anthropic; Anthropic, Responses and Gemini 3 take media in tool results"


def part(kind, client):
    """A medium in the client's words."""
    data = {"image": PNG, "document": PDF, "audio": WAV, "video": MP4}[kind]
    mime = {"image": "image/png", "document": "application/pdf", "audio": "audio/wav",
            "video": "video/mp4"}[kind]  # fmt: skip
    if client == "gemini":
        return {"inlineData": {"mimeType": mime, "data": data}}
    url = f"data:{mime};base64,{data}"
    return {
        "image": {"type": "image_url", "image_url": {"url": url}},
        "document": {"type": "file", "file": {"file_data": url, "filename": "a.pdf"}},
        "audio": {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        "video": {"type": "video_url", "video_url": {"url": url}},
    }[kind]


def with_part(kind, client):
    body = say("Hi", client)
    if client == "gemini":
        body["contents"][0]["parts"].append(part(kind, client))
    else:
        body["messages"][0]["content"] = [{"type": "text", "text": "Hi"}, part(kind, client)]
    return body


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
@pytest.mark.parametrize("kind", ["audio", "video"])
@pytest.mark.parametrize("model", [HAIKU, HAIKU_5])
def test_19_sound_and_pictures_that_move_are_never_a_document_of_claudes(model, kind, client):
    sent = send(with_part(kind, client), model, client=client)
    assert sent.losses == {f"{kind}_input": "semantic"}
    assert sent.body["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("client", ["openai_chat", "gemini"])
@pytest.mark.parametrize("kind", ["image", "document"])
@pytest.mark.parametrize("model", [HAIKU, HAIKU_5])
def test_19_pictures_and_documents_are_what_they_are(model, kind, client):
    block = send(with_part(kind, client), model, client=client).body["messages"][0]["content"][1]
    assert block["type"] == kind
    assert block["source"]["type"] == "base64"


@pytest.mark.parametrize("kind", ["image", "document", "audio", "video"])
@pytest.mark.parametrize("model", [FLASH, LITE, FLASH_3])
def test_19_gemini_takes_all_media(model, kind):
    sent = send(with_part(kind, "openai_chat"), model)
    assert sent.body["contents"][0]["parts"][1]["inlineData"]["data"]
    assert "semantic" not in sent.losses.values()


def result_with_picture(client="anthropic"):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    body = say("Hi", client)
    body["messages"] += [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [
            {"type": "text", "text": "see"}, {"type": "image", "source": source}]}]},
    ]  # fmt: skip
    return body


def test_19_a_picture_in_a_result_stays_in_it_where_the_model_takes_it_there():
    claude = send(result_with_picture(), HAIKU, client="anthropic")
    assert claude.body["messages"][2]["content"][0]["content"][1]["type"] == "image"
    newer = send(result_with_picture(), FLASH_3, client="anthropic")
    response = newer.body["contents"][2]["parts"][0]["functionResponse"]
    assert response["parts"][0]["inlineData"]["data"] == PNG
    assert "tool_result_media" not in newer.losses


def test_19_elsewhere_it_follows_behind_and_that_is_told():
    older = send(result_with_picture(), FLASH, client="anthropic")
    assert older.losses == {"tool_result_media": "cosmetic"}
    assert older.body["contents"][3]["parts"][1]["inlineData"]["data"] == PNG


def test_19_tool_messages_of_openais_take_text_and_pictures_only():
    chat = send(result_with_picture(), GPT, client="anthropic")
    content = chat.body["messages"][-1]["content"]
    assert [p["type"] for p in content] == ["text", "image_url"]
    body = result_with_picture()
    document = {"type": "document", "source": {
        "type": "base64", "media_type": "application/pdf", "data": PDF}}  # fmt: skip
    body["messages"][2]["content"][0]["content"][1] = document
    sent = send(body, GPT, client="anthropic")
    assert sent.losses
    last = json.dumps(sent.body["messages"])
    assert "tool" in last


def test_19_a_text_document_keeps_its_words_everywhere():
    source = {"type": "text", "media_type": "text/plain", "data": "the words"}
    body = say("Hi", "anthropic")
    body["messages"][0]["content"] = [{"type": "document", "source": source, "title": "t"}]
    words = b64encode(b"the words").decode()
    gemini = send(body, FLASH, client="anthropic").body["contents"][0]["parts"]
    assert gemini[0]["inlineData"] == {"mimeType": "text/plain", "data": words}
    assert words in json.dumps(send(body, GPT, client="anthropic").body)
    inside = result_with_picture()
    inside["messages"][2]["content"][0]["content"][1] = {"type": "document", "source": source}
    assert words in json.dumps(send(inside, FLASH, client="anthropic").body)
    assert words in json.dumps(send(inside, LITE, client="anthropic").body)
