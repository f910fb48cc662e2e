"""Prompts as tokens of the condition: captions by the text encoder, lyrics by their embeddings.

Every text is encoded alone, in a batch of one: beside a longer one it would be padded, and the
encoder takes no mask. A text that is too long is refused; cut off, it would lose its own end.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers.pipelines.ace_step.modeling_ace_step import AceStepConditionEncoder
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.acestep.cache import Recent
from engine_host.models.acestep.prompt_text import PromptText
from engine_host.models.acestep.template import Metas, Task, caption_string, lyric_string

ENCODINGS_KEPT = 32
_LONGEST_METAS = Metas(bpm=999, signature=4, seconds=600)
_LONGEST_TASK: Task = "cover"


class Prompts:
    """Encoders of prompts. Deterministic. `check` on any thread, the rest on the encode thread."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        text_encoder: PreTrainedModel,
        condition_encoder: AceStepConditionEncoder,
        *,
        text_tokens: int,
        lyric_tokens: int,
    ) -> None:
        self._tokenizer = tokenizer
        self._text_encoder = text_encoder
        self._condition_encoder = condition_encoder
        self._text_tokens, self._lyric_tokens = text_tokens, lyric_tokens
        self._kept: Recent[tuple[str, str], Tensor] = Recent(ENCODINGS_KEPT)

    def check(self, text: PromptText) -> None:
        """RefusedError WRONG_LENGTH where a window's words could make it too long."""
        self._ids(caption_string(_LONGEST_TASK, text, _LONGEST_METAS), self._text_tokens, "prompt")
        self._ids(lyric_string(text), self._lyric_tokens, "lyrics")

    def caption(self, task: Task, text: PromptText, metas: Metas) -> Tensor:
        """``[L, H]`` tokens of the caption with all that stands around it."""
        words = caption_string(task, text, metas)
        return self._kept.got(("caption", words), lambda: self._encoded_caption(words))

    def lyrics(self, text: PromptText) -> Tensor:
        """``[L, H]`` tokens of the lyrics and their language; there are some without lyrics too."""
        words = lyric_string(text)
        return self._kept.got(("lyrics", words), lambda: self._encoded_lyrics(words))

    @torch.no_grad()
    def _encoded_caption(self, words: str) -> Tensor:
        ids = self._ids(words, self._text_tokens, "prompt")
        states = self._text_encoder(input_ids=ids).last_hidden_state
        tokens: Tensor = self._condition_encoder.text_projector(states)
        return tokens[0]

    @torch.no_grad()
    def _encoded_lyrics(self, words: str) -> Tensor:
        ids = self._ids(words, self._lyric_tokens, "lyrics")
        embed: Callable[[Tensor], Tensor] = self._text_encoder.get_input_embeddings()
        tokens: Tensor = self._condition_encoder.lyric_encoder(
            inputs_embeds=embed(ids), attention_mask=torch.ones_like(ids, dtype=torch.bool)
        )
        return tokens[0]

    def _ids(self, words: str, most: int, what: str) -> Tensor:
        """``[1, L]``, at most ``most``."""
        ids: Tensor = self._tokenizer(words, return_tensors="pt").input_ids
        count = ids.shape[1]
        if count > most:
            raise RefusedError(
                ErrorCode.WRONG_LENGTH,
                "prompt",
                f"{what} beyond the encoder's length: with the model's own words around it, it has "
                f"{count} tokens, and {most} fit; leave out about {count - most} of them.",
            )
        return ids.to(self._text_encoder.device)
