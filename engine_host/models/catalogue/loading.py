"""From a choice to a model that plays, with every check made before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors import SafetensorError

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import Checked, check_folder
from engine_host.models.catalogue.choice import ModelChoice
from engine_host.models.catalogue.devices import device_of, dtype_of
from engine_host.models.catalogue.families import INDEX
from engine_host.models.catalogue.fingerprint import fingerprint, house_fingerprint
from engine_host.models.catalogue.loras import AskedLora, check_loras
from engine_host.models.catalogue.memory import (
    FreeBytes,
    MemoryPlan,
    check_fits,
    free_bytes,
    memory_plan,
)
from engine_host.models.catalogue.originals import original_folders
from engine_host.models.catalogue.places import Place, place_of
from engine_host.models.catalogue.sizes import check_sizes
from engine_host.models.house.config import WEIGHTS
from engine_host.models.house.model import load_house_model
from engine_host.models.interface import Model

_CPU = torch.device("cpu")
_LOADING_FAILS_WITH = (
    RuntimeError,
    ValueError,
    OSError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    SafetensorError,
)
"""What libraries raise over weights they can't take; anything else is a fault of ours."""


@dataclass(frozen=True)
class CheckedModel:
    """A model that is there, whole, and fits.

    ``checked`` and ``plan`` are None for the house model, which is part of the program.
    """

    choice: ModelChoice
    place: Place
    device: torch.device
    dtype: torch.dtype
    checked: Checked | None = None
    plan: MemoryPlan | None = None

    def identity(self) -> dict[str, str]:
        """What of the model decides the bytes of a render: plain values."""
        found = fingerprint(self.checked) if self.checked else house_fingerprint(WEIGHTS)
        told = {"name": self.place.name, "weights_sha256": found}
        if self.checked is not None:
            told["device"] = str(self.device)
            told["dtype"] = str(self.dtype).removeprefix("torch.")
        return told

    def words(self) -> str:
        """What is to be loaded and where; empty for the house model, which takes no time."""
        if self.plan is None:
            return ""
        dtype = str(self.dtype).removeprefix("torch.")
        return f"{self.place.name} on {self.device} in {dtype}: {self.plan.words()}"

    def load(self) -> Model:
        """Loads it. RefusedError: LIMIT where the memory is used up after all, INTERNAL where a
        library can't make anything of the weights, NOT_INSTALLED and OUT_OF_RANGE as the families
        say."""
        try:
            return self._loaded()
        except torch.OutOfMemoryError as error:
            words = f"{self.place.name} does not fit into {self.device}'s memory: {_first(error)}"
            raise RefusedError(ErrorCode.LIMIT, "model", words) from error
        except _LOADING_FAILS_WITH as error:
            words = (
                f"{self.place.name} could not be loaded ({type(error).__name__}: {_first(error)})"
            )
            advice = "; check it with `anacrusis models verify`."
            raise RefusedError(ErrorCode.INTERNAL, "model", words + advice) from error

    def _loaded(self) -> Model:
        choice = self.choice
        if self.checked is None:
            return load_house_model(accelerator=choice.accelerator, threads=choice.threads)
        folder, where = self.checked.folder, (str(self.device), self.dtype, choice.threads)
        if self.checked.family.name == "acestep":
            from engine_host.models.acestep.loading import load_acestep  # noqa: PLC0415 - seconds

            return load_acestep(folder, *where)
        from engine_host.models.stable_audio.loading import load_stable_audio  # noqa: PLC0415

        return load_stable_audio(folder, *where)


def check_model(
    choice: ModelChoice,
    free: FreeBytes = free_bytes,
    place: Place | None = None,
    loras: tuple[AskedLora, ...] = (),
) -> CheckedModel:
    """Finds the model, checks its files, its device and that it fits; loads nothing.

    ``place`` is where it is, for one who knows already; else it is looked for. ``loras`` will be
    played from the start: they are checked too, and count in the memory (but for the house model,
    which is loaded in no time and checks them then).

    Except for the house model this imports diffusers, which takes seconds. RefusedError:
    FILE_MISSING, FILE_BROKEN, BAD_FIELD (see `checks` and `sizes`), OUT_OF_RANGE for a device,
    dtype or accelerator that can't be had, LIMIT with the figures where the memory is too small;
    `check_loras`' about a LoRA.
    """
    place = place or place_of(choice.model)
    if place.folder is None:
        return _house(choice, place)
    _refuse_original(place)
    checked = check_folder(place.folder)
    _check_accelerator(choice, checked)
    device = device_of(choice.device)
    dtype = dtype_of(choice.dtype, device)
    from engine_host.models.quiet import quiet_libraries  # noqa: PLC0415 - takes seconds

    with quiet_libraries():
        check_sizes(checked)
        lora_elements = check_loras(checked, place.name, loras)
    plan = memory_plan(checked, device, dtype, choice.depth, free, lora_elements)
    check_fits(plan, place.name, device, dtype)
    return CheckedModel(choice, place, device, dtype, checked, plan)


def _house(choice: ModelChoice, place: Place) -> CheckedModel:
    for field, told, taken in (
        ("device", choice.device, ("auto", "cpu")),
        ("dtype", choice.dtype, ("auto", "fp32")),
    ):
        if told not in taken:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                field,
                f"The house model runs on the processor in fp32; leave --{field} out.",
            )
    return CheckedModel(choice, place, _CPU, torch.float32)


def _check_accelerator(choice: ModelChoice, checked: Checked) -> None:
    if choice.accelerator not in ("auto", "eager"):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "accelerator",
            f"{checked.family.words} runs on 'auto' or 'eager', not {choice.accelerator!r}.",
        )


def _refuse_original(place: Place) -> None:
    assert place.folder is not None
    if not (place.folder / INDEX).is_file() and original_folders(place.folder):
        raise RefusedError(
            ErrorCode.BAD_FIELD,
            "model",
            f"{place.folder} is in ACE-Step's own layout; convert it once with `anacrusis models "
            f"add {place.folder} --name NAME`, then use --model NAME.",
        )


def _first(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [""])[0][:300]
