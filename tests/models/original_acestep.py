"""ACE-Step 1.5 in its makers' layout, made out of a folder in diffusers': the way back, written on
its own from what the makers' code calls its modules."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

ATTENTION = {
    "to_q.": "q_proj.",
    "to_k.": "k_proj.",
    "to_v.": "v_proj.",
    "to_out.0.": "o_proj.",
    "norm_q.": "q_norm.",
    "norm_k.": "k_norm.",
}
HEADS = {
    "transformer": "decoder.",
    "condition_encoder": "encoder.",
    "audio_tokenizer": "tokenizer.",
    "audio_token_detokenizer": "detokenizer.",
}


def write_original(
    diffusers: Path, out: Path, *, shards: int = 3, name="acestep-v15-turbo"
) -> Path:
    """``out`` with the transformer's folder, ``vae`` and ``Qwen3-Embedding-0.6B`` in it."""
    tensors = {}
    for part, head in HEADS.items():
        for key, value in load_file(_weights(diffusers / part)).items():
            if key == "silence_latent":
                silence = value
            elif key == "null_condition_emb":
                tensors[key] = value
            else:
                tensors[head + original_key(key)] = value
    transformer = out / name
    transformer.mkdir(parents=True)
    save_sharded(tensors, transformer, shards)
    torch.save(silence.transpose(1, 2).contiguous(), transformer / "silence_latent.pt")
    (transformer / "config.json").write_text(json.dumps(original_config(diffusers)))
    shutil.copytree(diffusers / "vae", out / "vae")
    shutil.copytree(diffusers / "text_encoder", out / "Qwen3-Embedding-0.6B")
    shutil.copytree(diffusers / "tokenizer", out / "Qwen3-Embedding-0.6B", dirs_exist_ok=True)
    return out


def original_key(key: str) -> str:
    for ours, theirs in ATTENTION.items():
        key = key.replace(f"attn.{ours}", f"attn.{theirs}")
    return key.replace("proj_in_conv.", "proj_in.1.").replace("proj_out_conv.", "proj_out.1.")


def save_sharded(tensors: dict, folder: Path, shards: int) -> None:
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return
    keys = sorted(tensors)
    places = {}
    for number in range(shards):
        name = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        mine = {key: tensors[key] for key in keys[number::shards]}
        save_file(mine, folder / name)
        places |= dict.fromkeys(mine, name)
    size = sum(value.nbytes for value in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def original_config(diffusers: Path) -> dict:
    """One config for all parts; the encoders' widths are told apart where they differ."""
    told = {part: json.loads((diffusers / part / "config.json").read_text()) for part in HEADS}
    config = {"model_type": "acestep", "architectures": ["AceStepConditionGenerationModel"]}
    for part in reversed(HEADS):
        config |= {key: value for key, value in told[part].items() if not key.startswith("_")}
    encoder = told["condition_encoder"]
    wide = told["transformer"]["hidden_size"]
    config["layer_types"] = [
        "full_attention" if layer % 2 else "sliding_attention"
        for layer in range(told["transformer"]["num_hidden_layers"])
    ]
    del config["encoder_hidden_size"]
    if encoder["hidden_size"] != wide:
        for key in ("hidden_size", "intermediate_size", "num_attention_heads"):
            config[f"encoder_{key}"] = encoder[key]
        config["encoder_num_key_value_heads"] = encoder["num_key_value_heads"]
    return config


def _weights(folder: Path) -> Path:
    return folder / "diffusion_pytorch_model.safetensors"
