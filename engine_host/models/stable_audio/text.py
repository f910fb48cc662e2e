"""Prompts to what the transformer attends to: T5Gemma's states, always as many as it has places."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor
from transformers import BatchEncoding, PreTrainedTokenizerBase, T5GemmaEncoderModel

from bridge_protocol.errors import ErrorCode, RefusedError

MOST_TOKENS = 256  # the checkpoints were trained on no more, whatever their tokenizer says
KEPT_PROMPTS = 64


class PromptEncoder:
    """Encodes each prompt alone, and remembers the last ones. Deterministic. Encode thread."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, encoder: T5GemmaEncoderModel, padding: Tensor
    ) -> None:
        """``padding [D]``: what the transformer hears in a place without a token."""
        self._tokenizer, self._encoder, self._padding = tokenizer, encoder.eval(), padding
        self._places = min(int(tokenizer.model_max_length), MOST_TOKENS)
        self._known: OrderedDict[str, Tensor] = OrderedDict()
        self._tokenizing = threading.Lock()  # how it pads is the tokenizer's own state

    def check(self, prompt: str) -> None:
        """Refuses a prompt of more tokens than there are places, as ``text``. Any thread."""
        count = self._tokens(prompt, padding=False).input_ids.shape[1]
        if count > self._places:
            raise RefusedError(
                ErrorCode.LIMIT,
                "text",
                f"The prompt has {count} tokens; this model reads {self._places}. Shorten it.",
            )

    @torch.no_grad()
    def states(self, prompt: str) -> Tensor:
        """``[places, D]`` in the encoder's numbers, on its device. Refuses as :meth:`check` does."""
        if prompt not in self._known:
            self.check(prompt)
            self._known[prompt] = self._encoded(prompt)
            while len(self._known) > KEPT_PROMPTS:
                self._known.popitem(last=False)
        self._known.move_to_end(prompt)
        return self._known[prompt]

    def _encoded(self, prompt: str) -> Tensor:
        told = self._tokens(prompt, padding="max_length").to(self._encoder.device)
        states = self._encoder(told.input_ids, attention_mask=told.attention_mask)[0][0]
        heard = told.attention_mask[0].bool()[:, None]
        return torch.where(heard, states, self._padding.to(states))

    def _tokens(self, prompt: str, padding: Literal["max_length", False]) -> BatchEncoding:
        with self._tokenizing:
            return self._tokenizer(
                prompt,
                padding=padding,
                max_length=self._places,
                truncation=False,
                return_tensors="pt",
            )
