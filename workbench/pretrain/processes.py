"""Several processes that learn as one: each has its rows of every batch, and all take the same steps.

``torchrun`` or a cluster's launcher starts them and says so in the environment (``RANK``, ``WORLD_SIZE``,
``MASTER_ADDR``). Every process draws what all draw together and takes its own rows of it; features are gathered before
they are compared; batch norms know the rows of all; gradients are summed. So the losses are those of one process with
the batches of all, and every process has the same weights.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

AT_ONCE = 1 << 24
"""Numbers of the gradient that are summed in one go."""


class ProcessLost(RuntimeError):
    """Another process of the run is gone."""

    def __init__(self) -> None:
        super().__init__(
            "the run was told to stop or lost one of its processes, and none can learn alone; start them again with "
            "--resume to go on from the last checkpoint"
        )


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if _are_several() else 0


def world() -> int:
    """How many there are."""
    return dist.get_world_size() if _are_several() else 1


def _are_several() -> bool:
    return dist.is_available() and dist.is_initialized()


@contextmanager
def together(device: str = "auto") -> Iterator[str]:
    """Meet the other processes that a launcher has started, if it has; lends the device of this one.

    Parameters
    ----------
    device : str
        ``"auto"`` takes a GPU for each process of a machine where there is one, else the CPU.

    Raises
    ------
    ProcessLost
        If another process is lost meanwhile. The first to notice says so; the others end without a word.
    ValueError
        If a machine has fewer GPUs than processes.
    """
    told = os.environ
    if int(told.get("WORLD_SIZE", 1)) < 2 or "RANK" not in told or "MASTER_ADDR" not in told:
        yield device
        return
    device = _own_device(device, int(told.get("LOCAL_RANK", 0)))
    store, number, size = next(dist.rendezvous("env://"))
    store = dist.PrefixStore(f"workbench/{store.add(f'workbench/met/{number}', 1)}", store)  # they may meet again
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", store=store, rank=number, world_size=size)
    before = signal.signal(signal.SIGTERM, _told_to_stop)
    try:
        yield device
        _meet(dist.barrier)  # none goes before all are done
    except Exception:  # the edge of one process among many: it is raised again where nobody has told of it yet
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not _is_first(store):
            raise SystemExit(2) from None
        raise
    finally:
        if signal.getsignal(signal.SIGTERM) is _told_to_stop:
            signal.signal(signal.SIGTERM, before)
        dist.destroy_process_group()


def _own_device(device: str, local: int) -> str:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        if local >= torch.cuda.device_count():
            raise ValueError(
                f"each process needs a GPU of its own, but this machine has {torch.cuda.device_count()}; start fewer "
                "(--nproc-per-node) or pass --device cpu"
            )
        torch.cuda.set_device(local)
        return f"cuda:{local}"
    if device != "cpu":
        raise ValueError(f"several processes learn on 'cuda' or 'cpu', got {device!r}; leave the choice to them: auto")
    return device


def _told_to_stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise ProcessLost


def _is_first(store: dist.Store) -> bool:
    """Whether no other process has spoken; with the store gone nobody can tell, and all speak."""
    try:
        return store.add("said", 1) == 1
    except RuntimeError:
        return True


def _meet(what: Callable[..., object], *args: object) -> None:
    """Do what all processes do at once."""
    try:
        what(*args)
    except RuntimeError as error:
        raise ProcessLost from error


class _Rows(torch.autograd.Function):
    """Rows of all processes; each has the whole loss of them, so only its own rows' slope goes back."""

    @staticmethod
    def forward(context: object, rows: Tensor) -> Tensor:
        context.size = len(rows)
        parts = [torch.empty_like(rows) for _ in range(world())]
        _meet(dist.all_gather, parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: object, slope: Tensor) -> Tensor:
        return slope[rank() * context.size : (rank() + 1) * context.size]


def summed(values: Tensor) -> Tensor:
    """`values` summed over all processes; without gradients."""
    if world() > 1:
        values = values.detach().clone()
        _meet(dist.all_reduce, values)
    return values


def gathered(rows: Tensor) -> Tensor:
    """Rows (n, …) of all processes, first those of process 0; each may take a loss of them, and gradients flow."""
    return _Rows.apply(rows) if world() > 1 else rows


def drawn(
    draw: Callable[..., Tensor],
    shape: Sequence[int],
    rows: int = 0,
    *,
    generator: torch.Generator | None,
    device: torch.device | str,
) -> Tensor:
    """Random numbers for the rows that this process has of a batch.

    Parameters
    ----------
    draw : callable
        ``torch.rand`` or ``torch.randn``.
    shape : sequence of int
        Of what this process needs.
    rows : int
        Axis of the rows.
    generator : torch.Generator or None
        Stands at the same place in all processes, and does so afterwards.
    device : torch.device or str
        Of the numbers.
    """
    whole = list(shape)
    whole[rows] *= world()
    numbers = draw(whole, generator=generator, device=device)
    return numbers.narrow(rows, rank() * shape[rows], shape[rows])


def sum_gradients(weights: Iterable[Tensor]) -> None:
    """Replace each weight's gradient by its sum over all processes."""
    if world() == 1:
        return
    slopes = [weight.grad for weight in weights if weight.grad is not None]
    while slopes:
        size, few = 0, []
        while (
            slopes and (not few or size + slopes[0].numel() <= AT_ONCE) and (not few or slopes[0].dtype == few[0].dtype)
        ):
            size += slopes[0].numel()
            few.append(slopes.pop(0))
        flat = torch.cat([slope.flatten() for slope in few])
        _meet(dist.all_reduce, flat)
        for slope, total in zip(few, flat.split([slope.numel() for slope in few]), strict=True):
            slope.copy_(total.view_as(slope))


def made_equal(tensors: Iterable[Tensor]) -> None:
    """Give all processes the tensors of process 0."""
    if world() > 1:
        for tensor in tensors:
            _meet(dist.broadcast, tensor, 0)
