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
    url: str = Field(
        description="data:image/png;base64,… or data:image/jpeg;base64,…: the image itself. Addresses are not fetched.",
        pattern="^data:image/(png|jpeg);base64,",
    )


class ImagePart(_Strict):
    type: Literal["image_url"]
    image_url: ImageUrl


class TextPart(_Strict):
    type: Literal["text"]
    text: str = Field(max_length=MOST_QUESTION)


class AnchorsData(_Strict):
    data: str = Field(description="base64 of an NPZ with features float32 (S, 64) and positions float32 (S, 2).")


class AnchorsPart(_Strict):
    """Spatio-temporal anchors of the image; at most one part of this kind."""

    type: Literal["aef_anchors"]
    aef_anchors: AnchorsData


Part = Annotated[ImagePart | TextPart | AnchorsPart, Field(discriminator="type")]


class Message(_Strict):
    role: Literal["user"] = Field(description="The model answers single questions; its system message is its own.")
    content: list[Part] = Field(
        min_length=1, max_length=16, description="One image, the question as text, and anchors or none."
    )


class StreamOptions(_Strict):
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
    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[Any]


class Logprobs(BaseModel):
    content: list[TokenLogprob]


class Reply(BaseModel):
    role: Literal["assistant"]
    content: str


class ChoiceNotes(BaseModel):
    looped: bool = Field(description="The model went in circles and was stopped.")


class Choice(BaseModel):
    index: int
    message: Reply
    finish_reason: Literal["stop", "length"]
    logprobs: Logprobs | None = None
    fusar: ChoiceNotes


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
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


class ModelEntry(BaseModel):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    parent: str | None = Field(None, description="Of an adapter: the model it belongs to.")
    max_model_len: int
    fusar: ModelNotes


class ModelList(BaseModel):
    object: Literal["list"]
    data: list[ModelEntry]


class Health(BaseModel):
    status: str


class ErrorNotes(BaseModel):
    message: str
    type: str
    code: str
    param: str | None = None


class ErrorBody(BaseModel):
    error: ErrorNotes
