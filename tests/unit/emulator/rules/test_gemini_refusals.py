"""Bad generateContent requests, and what the Gemini API says to each; good ones next to them."""

import base64

import pytest

from fairlead.emulator.rules import check

FLASH, LITE3, FLASH3 = "gemini-2.5-flash", "gemini-3.5-flash-lite", "gemini-3.8-flash"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 24).decode()
PDF = base64.b64encode(b"%PDF-1.4 << /Type /Page >>").decode()
HI = {"role": "user", "parts": [{"text": "hi"}]}
CALL = {"functionCall": {"name": "weather", "args": {}}}
RESPONSE = {"functionResponse": {"name": "weather", "response": {"output": "sunny"}}}
FIELD = "* GenerateContentRequest."


def said(*contents):
    return {"contents": list(contents)}


def user(*parts):
    return {"role": "user", "parts": list(parts)}


def model(*parts):
    return {"role": "model", "parts": list(parts)}


def config(**values):
    return {"generationConfig": values}


def tool(parameters=None, name="weather"):
    declaration = {"name": name} | ({"parameters": parameters} if parameters else {})
    return {"tools": [{"functionDeclarations": [declaration]}]}


def blob(mime, data):
    return said(user({"inlineData": {"mimeType": mime, "data": data}}))


BAD = [
    (said(), f"{FIELD}contents: contents is not specified\n"),
    (said(user()), f"{FIELD}contents[0].parts: contents.parts must not be empty.\n"),
    (
        said(HI, model({}), HI),
        f"{FIELD}contents[1].parts[0].data: required oneof field 'data' must have one initialized",
    ),
    (
        said(user({"text": "a", "inlineData": {"mimeType": "image/png", "data": PNG}})),
        (
            "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. "
            "Cannot set 'inline_data'"
        ),
    ),
    (said({"role": "assistant", "parts": [{"text": "a"}]}), "Please use a valid role: user, model"),
    (said(model({"text": "a"})), "Please ensure that single turn requests end with a user role"),
    (
        said(model(CALL), user(RESPONSE)),
        "Please ensure that function call turn comes immediately after a user turn or after a",
    ),
    (
        said(HI, user(RESPONSE)),
        "Please ensure that function response turn comes immediately after a function call turn.",
    ),
    (
        said(HI, model(CALL, CALL), user(RESPONSE)),
        "Please ensure that the number of function response parts is equal to the number of",
    ),
    (said(HI, model(CALL), HI), "Please ensure that the number of function response parts"),
    (
        said(HI, model({"text": "a", "thoughtSignature": "dGhlaXJz"}), HI),
        "Thought signature is not valid.",
    ),
    (
        tool(name="1st"),
        f"{FIELD}tools[0].function_declarations[0].name: Invalid function name. Must start with",
    ),
    (
        {"tools": [{"functionDeclarations": [{"name": "a"}, {"name": "a"}]}]},
        "Duplicate function declaration found: a",
    ),
    (
        tool({"properties": {}}),
        f"{FIELD}tools[0].function_declarations[0].parameters.type: must be specified",
    ),
    (
        tool({"type": "OBJECT", "required": ["a"]}),
        f"{FIELD}tools[0].function_declarations[0].parameters.required[0]: property is not defined",
    ),
    (
        tool({"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}}),
        f"{FIELD}tools[0].function_declarations[0].parameters.properties[a].items: missing field.",
    ),
    (
        tool({"type": "STRING", "format": "uri"}),
        f"{FIELD}tools[0].function_declarations[0].parameters.format: only 'enum' and 'date-time'",
    ),
    (
        tool({"type": "STRING", "enum": [""]}),
        f"{FIELD}tools[0].function_declarations[0].parameters.enum[0]: cannot be empty",
    ),
    (
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        "Function calling config is set without function_declarations.",
    ),
    (
        tool()
        | {
            "toolConfig": {
                "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["time"]}
            }
        },
        "Invalid value in allowed_function_names: time",
    ),
    (
        config(temperature=5, stopSequences=list("abcdef")),
        (
            f"{FIELD}generation_config.temperature: temperature must be in the range [0.0, 2.0].\n"
            f"{FIELD}generation_config.stop_sequences: the number of stop_sequences must not exceed 5"
        ),
    ),
    (config(topP=1.5), f"{FIELD}generation_config.top_p: top_p must be in the range [0.0, 1.0]."),
    (
        config(responseMimeType="image/png"),
        f"{FIELD}generation_config.response_mime_type: allowed mimetypes are `text/plain`, ",
    ),
    (
        config(responseSchema={"type": "STRING"}),
        f"{FIELD}generation_config.response_schema: only allowed when response_mime_type is",
    ),
    (
        config(responseMimeType="application/json", responseSchema={"type": "ARRAY"}),
        f"{FIELD}generation_config.response_schema.items: missing field.",
    ),
    (
        config(responseMimeType="application/json") | tool(),
        "Function calling with a response mime type: 'application/json' is unsupported",
    ),
    (
        config(maxOutputTokens=70_000),
        (
            "Unable to submit request because it has a maxOutputTokens value of 70000 but the supported"
            " range is from 1 (inclusive) to 65537 (exclusive)."
        ),
    ),
    (config(candidateCount=9), "Unable to submit request because it has a candidateCount value"),
    (
        config(thinkingConfig={"thinkingBudget": 0, "thinkingLevel": "low"}),
        "You can only set only one of thinking budget and thinking level.",
    ),
    (
        config(thinkingConfig={"thinkingLevel": "low"}),
        "Thinking level is not supported for this model.",
    ),
    (
        config(thinkingConfig={"thinkingBudget": 24_577}),
        "thinking_budget is out of range; supported values are integers from 1 to 24576",
    ),
    (blob("application/zip", "AAAA"), "Unsupported MIME type: application/zip"),
    (blob("image/png", "AAAA"), "Unable to process input image."),
    (blob("application/pdf", "AAAA"), "The document has no pages."),
    (
        said(user({"fileData": {"fileUri": "gs://bucket/a.png"}})),
        "Invalid or unsupported file uri: gs://bucket/a.png",
    ),
]

GOOD = [
    {},
    said({"parts": [{"text": "hi"}]}),
    said(HI, model({"text": "a"}), HI, HI),
    said(HI, model(CALL, CALL), user(RESPONSE, RESPONSE)),
    said(HI, model(CALL), model(CALL), user(RESPONSE), user(RESPONSE), HI),
    said(HI, model({"text": "", "thoughtSignature": "b3Vycw=="}), HI),
    tool({"type": "object", "properties": {"a": {"type": "string", "enum": ["b"]}}}),
    config(temperature=2, thinkingConfig={"thinkingBudget": -1}),
    config(thinkingConfig={"thinkingBudget": 0}),
    config(responseMimeType="application/json", responseJsonSchema={"$ref": "#/$defs/a"}),
    blob("application/pdf", PDF),
    blob("image/png", PNG.replace("+", "-").replace("/", "_").rstrip("=")),
    said(user({"fileData": {"fileUri": "https://youtu.be/abc", "mimeType": "video/mp4"}})),
]


def refusal(change, *, name=FLASH, tokens=10, op="generate"):
    return check(
        "gemini",
        op,
        name,
        {"contents": [HI]} | change,
        tokens=lambda: tokens,
        issued=lambda signature, _: signature == "b3Vycw==",
        headers={},
    )


@pytest.mark.parametrize(("change", "sentence"), BAD, ids=[s[-60:] for _, s in BAD])
def test_the_vendor_refuses(change, sentence):
    found = refusal(change)
    assert found is not None
    assert (found.status, found.type) == (400, "INVALID_ARGUMENT")
    assert found.message.startswith(sentence)


@pytest.mark.parametrize("change", GOOD)
def test_the_vendor_takes(change):
    assert refusal(change) is None


def test_an_unknown_model_is_not_found():
    found = refusal({}, name="nonexistent-model", op="count_tokens")
    assert (found.status, found.type) == (404, "NOT_FOUND")
    assert found.message == (
        "models/nonexistent-model is not found for API version v1beta, or is not supported for "
        "countTokens. Call ListModels to see the list of available models and their supported "
        "methods."
    )


def test_faults_of_the_schema_come_with_violations():
    found = refusal({"foo": 1, "contents": [{"bar": 2}]})
    assert found.message.count("\n") == 1
    assert found.details[0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert [sorted(v) for v in found.details[0]["fieldViolations"]] == [
        ["description", "field"],
        ["description"],
    ]


def test_a_prompt_over_the_window_is_too_long():
    assert refusal({}, tokens=1_048_576) is None
    assert refusal({}, tokens=1_048_577).message == (
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."
    )


def test_a_file_that_was_never_uploaded_is_forbidden():
    uri = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"
    found = refusal(said(user({"fileData": {"fileUri": uri}})))
    assert (found.status, found.type) == (403, "PERMISSION_DENIED")
    assert "File abc-123 or it may not exist" in found.message


@pytest.mark.parametrize(
    ("name", "level", "sentence"),
    [
        (FLASH3, "minimal", "Thinking level MINIMAL is not supported for this model. Please retry"),
        (FLASH3, 4, "Thinking level MINIMAL is not supported for this model. Please retry"),
        (FLASH3, "LOW", None),
        (LITE3, "minimal", None),
    ],
)
def test_levels_of_the_third_generation(name, level, sentence):
    found = refusal(config(thinkingConfig={"thinkingLevel": level}), name=name)
    assert (found and found.message.startswith(sentence)) if sentence else found is None


@pytest.mark.parametrize(
    ("name", "budget", "sentence"),
    [
        (LITE3, 0, "Request contains an invalid argument."),
        (LITE3, 1024, None),
        (LITE3, -1, None),
        (FLASH3, 0, "Request contains an invalid argument."),
        (FLASH3, 512, None),
        ("gemini-3.5-flash", 0, None),
    ],
)
def test_budgets_of_the_third_generation(name, budget, sentence):
    found = refusal(config(thinkingConfig={"thinkingBudget": budget}), name=name)
    assert (found and found.message) == sentence


def test_the_third_generation_makes_one_candidate():
    found = refusal(config(candidateCount=2), name=FLASH3)
    assert found.message == "Multiple candidates is not enabled for this model"


def test_pro_cannot_stop_thinking():
    found = refusal(config(thinkingConfig={"thinkingBudget": 0}), name="gemini-2.5-pro")
    assert found.message == "Budget 0 is invalid. This model only works in thinking mode."


def test_the_third_generation_wants_its_thought_signatures_back():
    bare = said(HI, model(CALL), user(RESPONSE))
    found = refusal(bare, name=FLASH3)
    assert found.message.startswith("Function call is missing a thought_signature")
    assert "`default_api:weather` , position 2." in found.message
    for signature in ("b3Vycw==", "skip_thought_signature_validator"):
        signed = said(HI, model(CALL | {"thoughtSignature": signature}, CALL))
        signed["contents"].append(user(RESPONSE, RESPONSE))
        assert refusal(signed, name=FLASH3) is None  # the first of parallel calls carries it
    finished = said(HI, model(CALL), user(RESPONSE), model({"text": "sunny"}), HI)
    assert refusal(finished, name=FLASH3) is None  # only the current turn is looked at


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gemini-2.5-flash", None),
        ("gemini-3.5-flash", None),
        (LITE3, "Requests ending with a model turn are not supported unless the last part is a"),
        (FLASH3, "Requests ending with a model turn are not supported unless the last part is a"),
    ],
)
def test_the_newest_do_not_go_on_with_a_turn_of_their_own(name, sentence):
    found = refusal(said(HI, model({"text": "So"})), name=name)
    assert (found and found.message.startswith(sentence)) if sentence else found is None


def test_penalties_are_refused_where_the_model_has_none():
    found = refusal(config(presencePenalty=0.5), name=FLASH3)
    assert found.message == "Penalty is not enabled for models/gemini-3.8-flash"
    assert refusal(config(frequencyPenalty=0), name=FLASH3) is None
    assert refusal(config(frequencyPenalty=0.5), name="gemini-2.5-pro") is None


def test_a_signature_belongs_to_its_part():
    def on(part, made_for):
        body = said(
            HI,
            model(part | {"thoughtSignature": "x"}),
            *([user(RESPONSE)] if part == CALL else [HI]),
        )
        return check(
            "gemini",
            "generate",
            FLASH3,
            body,
            tokens=lambda: 10,
            issued=lambda _, bound: bound == made_for,
            headers={},
        )

    assert on(CALL, "call weather") is None
    assert on({"text": "sunny"}, "") is None
    for part, made_for in ((CALL, ""), (CALL, "call other"), ({"text": "sunny"}, "call weather")):
        assert on(part, made_for).message == "Thought signature is not valid."
