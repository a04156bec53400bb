"""The bodies of requests and answers, as pydantic models: checked on the way in, and the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_CHOICES = 8
MOST_QUESTION = 20_000
"""Characters; the context is checked in tokens later."""
DEFAULT_TOKENS = 512

UNSUPPORTED = {
    "stop": (None, []),
    "tools": (None, []),
    "functions": (None, []),
    "tool_choice": (None, "none"),
    "function_call": (None, "none"),
    "response_format": (None, {"type": "text"}),
    "top_logprobs": (None, 0),
    "logit_bias": (None, {}),
    "presence_penalty": (None, 0, 0.0),
    "frequency_penalty": (None, 0, 0.0),
    "modalities": (None, ["text"]),
    "prediction": (None,),
    "audio": (None,),
}
"""Options of OpenAI's API that would change the answer, with the values that change nothing: others are refused."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class ImageUrl(_Strict):
    """The one image of a question, inside the request."""

    url: str = Field(
        description="data:image/png;base64,… or data:image/jpeg;base64,…: the image itself. Addresses are not fetched.",
        pattern="^data:image/(png|jpeg);base64,",
    )


class ImagePart(_Strict):
    """The image; exactly one part of this kind."""

    type: Literal["image_url"]
    image_url: ImageUrl


class TextPart(_Strict):
    """The question, or a piece of it: several are joined by line breaks."""

    type: Literal["text"]
    text: str = Field(max_length=MOST_QUESTION)


class AnchorsData(_Strict):
    """Anchors of the prior: S vectors and where they lie in the image, (y, x) in [0, 1]."""

    data: str = Field(description="base64 of an NPZ with features float32 (S, 64) and positions float32 (S, 2).")


class AnchorsPart(_Strict):
    """Spatio-temporal anchors of the image; at most one part of this kind."""

    type: Literal["aef_anchors"]
    aef_anchors: AnchorsData


Part = Annotated[ImagePart | TextPart | AnchorsPart, Field(discriminator="type")]


class Message(_Strict):
    """One question about one image; there is no conversation."""

    role: Literal["user"] = Field(description="The model answers single questions; its system message is its own.")
    content: list[Part] = Field(
        min_length=1, max_length=16, description="One image, the question as text, and anchors or none."
    )


class StreamOptions(_Strict):
    """include_usage: a last event with the tokens that were used."""

    include_usage: bool | None = None


class ChatRequest(_Strict):
    """A question about one image, in the form of OpenAI's chat completions."""

    model: str = Field(min_length=1, max_length=256, description="As GET /v1/models lists them.")
    messages: list[Message] = Field(min_length=1, max_length=1)
    stream: bool | None = Field(None, description="Words as they come, as server-sent events.")
    stream_options: StreamOptions | None = None
    logprobs: bool | None = Field(None, description="The log-probability of each token.")
    n: int | None = Field(None, ge=1, le=MOST_CHOICES)
    temperature: float | None = Field(None, ge=0, le=2, description="0, the default, is greedy.")
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    max_tokens: int | None = Field(None, ge=1, le=2**31 - 1, description=f"{DEFAULT_TOKENS} when not given.")
    max_completion_tokens: int | None = Field(None, ge=1, le=2**31 - 1, description="The newer name of max_tokens.")


class TokenLogprob(BaseModel):
    """One token with its natural log-probability; bytes: of its text, which may be a part of a character."""

    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[Any]


class Logprobs(BaseModel):
    """Of the tokens of one choice in their order; other options for a token are not given."""

    content: list[TokenLogprob]


class AssistantMessage(BaseModel):
    """What the model said, in the form that its prompt style asks for."""

    role: Literal["assistant"]
    content: str


class ChoiceNotes(BaseModel):
    """What OpenAI's form has no place for."""

    looped: bool = Field(description="The model went in circles and was stopped.")


class Choice(BaseModel):
    """One answer. finish_reason: `length` where the limit of tokens cut it off, else `stop`."""

    index: int
    message: AssistantMessage
    finish_reason: Literal["stop", "length"]
    logprobs: Logprobs | None = None
    fusar: ChoiceNotes


class Usage(BaseModel):
    """Tokens, those of the image among the prompt's. Choices that are greedy are generated, and counted, once."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """The answer to a request without `stream`. system_fingerprint: the checkpoint that answered."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage


class ModelNotes(BaseModel):
    """What a client must know of a FUSAR-GPT. prompts: task → prompt style of the checkpoint."""

    checkpoint: str
    chip_size: int = Field(description="Side in pixels of the image; others are resized. Boxes are in these pixels.")
    tasks: list[str]
    classes: list[str]
    prior: bool = Field(description="Whether anchors are used.")
    gsd_m: list[float] | None = None
    prompts: dict[str, str]
    warnings: list[str]
    demonstration: bool = Field(False, description="Whether it is there to show how things work.")
    questions: list[str] = Field([], description="The only ones in free words that it was trained for, if any.")


class ModelEntry(BaseModel):
    """A model that can be asked, in OpenAI's form. max_model_len: tokens that image, question and answer share."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    parent: str | None = Field(None, description="Of an adapter: the model it belongs to.")
    max_model_len: int
    fusar: ModelNotes


class ModelList(BaseModel):
    """The model, and an entry for each adapter that a task has of its own."""

    object: Literal["list"]
    data: list[ModelEntry]


class Health(BaseModel):
    """status: ok of a process that is alive; ready, starting or stopping where readiness is asked."""

    status: str


class ErrorNotes(BaseModel):
    """Why a request was refused or failed. code: stable, for programs; message: for people, with what to do."""

    message: str
    type: str
    code: str
    param: str | None = None


class ErrorBody(BaseModel):
    """The body of every status that is no success, in OpenAI's form."""

    error: ErrorNotes
