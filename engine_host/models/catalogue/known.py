"""The models that can be named without having been added: what they are, where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine_host.models.catalogue.families import FamilyName

Layout = Literal["diffusers", "acestep-original"]


@dataclass(frozen=True)
class KnownModel:
    """``original``: the folder of the transformer, where the repository is in ACE-Step's own layout
    and has to be converted. ``needs_login``: its terms have to be accepted on its page first."""

    name: str
    family: FamilyName
    words: str
    licence: str
    repository: str
    original: str | None = None
    needs_login: bool = False

    @property
    def page(self) -> str:
        """Where it can be looked at."""
        return f"https://huggingface.co/{self.repository}"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The files of the repository that are wanted, as `fnmatch` has them."""
        if self.original is None:
            return ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "LICENSE*")
        folders = (self.original, "vae", "Qwen3-Embedding-0.6B")
        endings = ("*.json", "*.safetensors", "*.txt", "*.jinja")
        wanted = [f"{folder}/{ending}" for folder in folders for ending in endings]
        return (*wanted, f"{self.original}/silence_latent.pt", "LICENSE*")


KNOWN = (
    KnownModel(
        "acestep-turbo",
        "acestep",
        "ACE-Step 1.5 turbo, 2B: 8 steps without guidance",
        "MIT",
        "ACE-Step/Ace-Step1.5",
        original="acestep-v15-turbo",
    ),
    KnownModel(
        "acestep-xl-turbo",
        "acestep",
        "ACE-Step 1.5 XL turbo, 4B: 8 steps without guidance",
        "MIT",
        "ACE-Step/acestep-v15-xl-turbo-diffusers",
    ),
    KnownModel(
        "acestep-xl-base",
        "acestep",
        "ACE-Step 1.5 XL base, 4B: more steps, with guidance",
        "MIT",
        "ACE-Step/acestep-v15-xl-base-diffusers",
    ),
    KnownModel(
        "stable-audio-3",
        "stable-audio",
        "Stable Audio 3 medium, 1.4B: 8 steps, ping-pong",
        "Stability AI Community License",
        "stabilityai/stable-audio-3-medium",
        needs_login=True,
    ),
)


def known_model(name: str) -> KnownModel | None:
    """The known model of that name."""
    return next((model for model in KNOWN if model.name == name), None)
