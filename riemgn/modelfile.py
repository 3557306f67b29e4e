"""Model files: one .npz with the weights as arrays and everything else as JSON inside.

They load with `numpy.load(path, allow_pickle=False)`: `params`, `reference` (empty if the network
is not centred), `input_centre`, `input_scale`, and `description`, a JSON text.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from riemgn.files import written_whole
from riemgn.fitting.model import Model
from riemgn.fitting.targets import target_from_dict
from riemgn.networks import Network
from riemgn.scaling import Standardiser

FORMAT = 1
ARRAYS = ("description", "params", "reference", "input_centre", "input_scale")


def save_model(model: Model, path: str | Path) -> None:
    """Write a model to `path`, whole or not at all.

    Raises:
        ValueError: The activation is not one of riemgn's own.
        OSError: The file cannot be written.
    """
    with written_whole(path) as [draft]:
        write_model(model, draft)


def write_model(model: Model, path: Path) -> None:
    """Write a model to `path` straight away."""
    reference = model.network.reference
    network = replace(model.network, reference=None).to_dict()
    del network["reference"]
    description = {
        "format": FORMAT,
        "network": network,
        "target": model.target.to_dict(),
        "columns": model.columns,
        "targets": model.targets,
    }
    with open(path, "wb") as file:
        np.savez(
            file,
            description=np.array(json.dumps(description)),
            params=model.params,
            reference=np.empty(0) if reference is None else reference,
            input_centre=model.inputs.centre,
            input_scale=model.inputs.scale,
        )


def load_model(path: str | Path) -> Model:
    """Read a model that `save_model` wrote; nothing in the file is executed.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a model file, or one of a later format.
    """
    arrays = _arrays(path)
    try:
        description = json.loads(str(arrays["description"]))
        number = description["format"]
        if number == FORMAT:
            return _model(description, arrays)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged as a riemgn model: {error}") from None
    raise ValueError(f"{path} has model format {number}, this version reads {FORMAT}")


def _arrays(path: str | Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in ARRAYS}
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no model file {path}") from None
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        raise ValueError(f"{path} is not a riemgn model file") from None


def _model(description: dict, arrays: dict[str, np.ndarray]) -> Model:
    reference = arrays["reference"] if arrays["reference"].size else None
    network = Network.from_dict({**description["network"], "reference": reference})
    if arrays["params"].shape != (network.dim,):
        raise ValueError(f"params have shape {arrays['params'].shape}, not ({network.dim},)")
    return Model(
        network=network,
        params=arrays["params"],
        inputs=Standardiser(arrays["input_centre"], arrays["input_scale"]),
        target=target_from_dict(description["target"]),
        columns=tuple(description["columns"]),
        targets=tuple(description["targets"]),
    )
